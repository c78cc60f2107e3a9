import type { Doc } from './bson/values.ts'

/** The server's error codes by name, as `error_codes.yml` of MongoDB 8.0 numbers them. */
export const ERROR_CODES = {
  InternalError: 1,
  BadValue: 2,
  NoSuchKey: 4,
  HostUnreachable: 6,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  Overflow: 15,
  InvalidLength: 16,
  ProtocolError: 17,
  IllegalOperation: 20,
  InvalidBSON: 22,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  CannotCreateIndex: 67,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  EmptyFieldName: 56,
  DottedFieldName: 57,
  CommandNotFound: 59,
  ImmutableField: 66,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  OperationFailed: 96,
  WriteConcernFailed: 64,
  ShutdownInProgress: 91,
  NotAReplicaSet: 123,
  CommandFailed: 125,
  QueryPlanKilled: 175,
  InvalidPipelineOperator: 168,
  CursorInUse: 295,
  ReplicaSetNotFound: 94,
  InvalidIndexSpecificationOption: 197,
  CommandNotSupportedOnView: 166,
  OutOfDiskSpace: 14031,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  ConversionFailure: 241,
  NotImplemented: 238,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  NoSuchTransaction: 251,
  ExceededMemoryLimit: 146,
  NoQueryExecutionPlans: 291,
  UnsupportedFormat: 206,
  IDLUnknownField: 40415,
  IDLFailedToParse: 40414,
  QueryFeatureNotAllowed: 224,
  AmbiguousIndexKeyPattern: 181,
  NoReplicationEnabled: 76,
  DatabaseDifferCase: 13297,
  NotSingleValueField: 54,
  DataCorruptionDetected: 10338,
  InvalidViewDefinition: 182,
  NoMatchingDocument: 47,
  SnapshotUnavailable: 246,
  DocumentValidationFailure: 121,
  IndexAlreadyExists: 68,
  CannotIndexParallelArrays: 171,
} as const

export type ErrorName = keyof typeof ERROR_CODES

const codeNames = new Map<number, string>(Object.entries(ERROR_CODES).map(([name, code]) => [code, name]))

export function codeNameOf(code: number): string {
  const name = codeNames.get(code)
  return name ?? `Location${code}`
}

/** An error that the client is told, in the server's own terms. A number stands for a code the server leaves unnamed. */
export class CommandError extends Error {
  readonly code: number
  readonly extra: Doc | undefined
  constructor(code: ErrorName | number, message: string, extra?: Doc) {
    super(message)
    this.name = 'CommandError'
    this.code = typeof code === 'number' ? code : ERROR_CODES[code]
    this.extra = extra
  }
  get codeName(): string {
    return codeNameOf(this.code)
  }
}

/** Runs something whose errors the server reports with what it was doing in front. */
export function inContext<T>(context: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new CommandError(error.code, `${context} :: caused by :: ${error.message}`, error.extra)
  }
}
