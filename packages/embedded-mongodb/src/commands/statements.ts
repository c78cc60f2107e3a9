import { decodeDocument } from '../bson/decode.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Invocation } from './command.ts'

export const MAX_STATEMENTS = 100_000
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024

/** The statements of a write command: out of a document sequence, or out of an array in the body. */
export function statementsOf({ fields, sequences }: Invocation, field: string): Doc[] {
  const sequence = sequences.get(field)
  const statements = sequence === undefined ? fields.docs(field) : sequence.map((bytes) => decodeDocument(bytes))
  if (statements === undefined) throw fields.missing(field)
  checkCount(statements.length)
  return statements
}

export function checkCount(count: number): void {
  if (count < 1 || count > MAX_STATEMENTS) {
    throw new CommandError(
      'InvalidLength',
      `Write batch sizes must be between 1 and ${MAX_STATEMENTS}. Got ${count} operations.`,
    )
  }
}

/** Runs statements one after another and reports those that fail; with `ordered`, the first failure ends it. */
export function runStatements(count: number, ordered: boolean, run: (position: number) => void): Value[] {
  const errors: Value[] = []
  for (let i = 0; i < count; i++) {
    try {
      run(i)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      errors.push(writeError(i, error))
      if (ordered) break
    }
  }
  return errors
}

export function writeError(index: number, error: CommandError): Doc {
  const doc = Doc.from({ index, code: error.code })
  for (const [key, value] of error.extra?.entries() ?? []) doc.push(key, value)
  doc.push('errmsg', error.message)
  return doc
}

export function isOrdered({ fields }: Invocation): boolean {
  return fields.optional('ordered') === undefined ? true : fields.bool('ordered')
}

/** A standalone server has nobody else to wait for. */
export function checkWriteConcern(concern: Doc | undefined): void {
  const w = concern?.get('w')
  if (w === undefined || w === 'majority') return
  if (isNumeric(w)) {
    if (toNumber(w) > 1) throw new CommandError('BadValue', "cannot use 'w' > 1 when a host is not replicated")
    if (toNumber(w) >= 0) return
  }
  if (typeof w === 'string') {
    throw new CommandError(
      'BadValue',
      `cannot use non-majority 'w' mode "${w}" when a host is not a member of a replica set`,
    )
  }
  throw new CommandError('FailedToParse', 'w has to be a number, a string or a tag set')
}
