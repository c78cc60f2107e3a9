import { display } from '../bson/display.ts'
import { Doc, Double, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { isDatabaseName } from '../storage/catalog.ts'
import { type Connection, errorReply, type Reply } from '../wire/connection.ts'
import type { Request } from '../wire/message.ts'
import type { Command, Invocation } from './command.ts'
import { Fields } from './fields.ts'
import { COMMANDS } from './registry.ts'
import { checkWriteConcern } from './statements.ts'

/** Fields that every command takes. */
const COMMON = [
  '$db',
  'lsid',
  '$clusterTime',
  '$readPreference',
  'comment',
  'maxTimeMS',
  'readConcern',
  'writeConcern',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
  'txnNumber',
  'autocommit',
  'startTransaction',
  'stmtId',
  'stmtIds',
  '$audit',
  '$client',
  '$configServerState',
  '$configTime',
  '$topologyTime',
  'mayBypassWriteBlocking',
  'querySettings',
  'rawData',
  'maxTimeMSOpOnly',
  '$queryOptions',
]

/** What has a counter of its own. */
const COUNTED_APART = new Set(['insert', 'find', 'aggregate', 'update', 'delete', 'getMore'])

interface Known {
  command: Command
  fields: ReadonlySet<string> | undefined
}

const commands = new Map<string, Known>()
for (const command of COMMANDS) {
  for (const name of [command.name, ...(command.aliases ?? [])]) {
    const fields = command.fields === undefined ? undefined : new Set([...COMMON, ...command.fields, name])
    commands.set(name, { command, fields })
  }
}

/** Runs one request and answers it; an answer to a write waits until the write is on disk. */
export function dispatch(instance: Instance, request: Request, connection: Connection, reply: Reply): void {
  instance.network.numRequests += 1
  instance.network.bytesIn += request.bytes
  const name = request.body.keys[0] ?? ''
  const known = commands.get(name)
  const writes = isWriting(known?.command.writes, request.body)
  let result: Doc | Promise<Doc>
  try {
    result = run(instance, request, connection, name, known)
  } catch (error) {
    result = errorReply(instance.explainFailure(error, writes))
  }
  if (result instanceof Promise) {
    result.then(
      (doc) => answerAsync(instance, request, connection, reply, doc),
      (error: unknown) => reply(errorReply(instance.explainFailure(error, writes))),
    )
    return
  }
  const doc = result
  if (!writes) reply(finished(doc))
  else instance.commit.whenDurable((failure) => reply(failure === undefined ? finished(doc) : errorReply(failure)))
}

function isWriting(writes: Command['writes'], body: Doc): boolean {
  return typeof writes === 'function' ? writes(body) : writes === true
}

/** An awaited hello that may stream goes on until the connection ends. */
function answerAsync(instance: Instance, request: Request, connection: Connection, reply: Reply, doc: Doc): void {
  const streams = request.exhaustAllowed && request.body.has('topologyVersion')
  reply(finished(doc), streams)
  if (streams && !connection.isClosed) dispatch(instance, request, connection, reply)
}

const OK = new Double(1)

function finished(doc: Doc): Doc {
  if (!doc.has('ok')) doc.push('ok', OK)
  return doc
}

function run(
  instance: Instance,
  request: Request,
  connection: Connection,
  name: string,
  known: Known | undefined,
): Doc | Promise<Doc> {
  const { body } = request
  const db = body.get('$db')
  if (typeof db !== 'string') throw new CommandError('IDLFailedToParse', `OP_MSG requests require a $db argument`)
  if (request.isLegacy && known?.command.name !== 'hello') {
    throw new CommandError(352, `Unsupported OP_QUERY command: ${name}. The client driver may require an upgrade.`)
  }
  if (known === undefined) throw new CommandError('CommandNotFound', `no such command: '${name}'`)
  const { command } = known
  if (!isDatabaseName(db) && db !== '$external') {
    throw new CommandError('InvalidNamespace', `Invalid database name: '${db}'`)
  }
  if (command.adminOnly === true && db !== 'admin') {
    throw new CommandError('Unauthorized', `${name} may only be run against the admin database.`)
  }
  const fields = new Fields(name, body)
  if (known.fields !== undefined) fields.only(known.fields)
  refuseTransactions(body)
  const concern = body.get('writeConcern')
  if (concern !== undefined) checkWriteConcern(concern instanceof Doc ? concern : undefined)
  checkReadConcern(fields.doc('readConcern'))
  const maxTimeMs = fields.count('maxTimeMS')
  const invocation: Invocation = {
    instance,
    db,
    name,
    fields,
    body,
    sequences: request.sequences,
    connection,
    deadlineMs: maxTimeMs === undefined || maxTimeMs === 0 ? undefined : Date.now() + maxTimeMs,
  }
  if (!COUNTED_APART.has(command.name)) instance.opcounters.command += 1
  return command.run(invocation)
}

function refuseTransactions(body: Doc): void {
  if (!body.has('txnNumber') && !body.has('startTransaction') && !body.has('autocommit')) return
  throw new CommandError('IllegalOperation', 'Transaction numbers are only allowed on a replica set member or mongos')
}

function checkReadConcern(concern: Doc | undefined): void {
  const level: Value | undefined = concern?.get('level')
  if (level === undefined || level === 'local' || level === 'available' || level === 'majority') return
  if (level === 'linearizable') {
    throw new CommandError('NotAReplicaSet', 'node needs to be a replica set member to use read concern')
  }
  if (level === 'snapshot') {
    throw new CommandError('NotAReplicaSet', 'node needs to be a replica set member to use readConcern: snapshot')
  }
  throw new CommandError(
    'BadValue',
    `Enumeration value '${display(level)}' for field 'readConcern.level' is not a valid value.`,
  )
}
