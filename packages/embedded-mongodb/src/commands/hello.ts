import { newObjectId } from '../bson/object-id.ts'
import { DateTime, Doc, ObjectId, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { MAX_MESSAGE_BYTES } from '../wire/message.ts'
import type { Command, Invocation } from './command.ts'
import { MAX_DOCUMENT_BYTES, MAX_STATEMENTS } from './statements.ts'

/** MongoDB 8.0. */
const MAX_WIRE_VERSION = 25
const MAX_AWAIT_MS = 10 * 60_000

const processId = newObjectId()

const HELLO_FIELDS = [
  'helloOk',
  'client',
  'compression',
  'saslSupportedMechs',
  'speculativeAuthenticate',
  'topologyVersion',
  'maxAwaitTimeMS',
  'loadBalanced',
  'hostInfo',
  'internalClient',
  'hangUpOnStepDown',
  'backpressure',
]

/** A standalone server never changes its topology, so an awaited hello is answered when its time is up. */
export const hello: Command = {
  name: 'hello',
  aliases: ['isMaster', 'ismaster'],
  fields: HELLO_FIELDS,
  run: (invocation) => {
    const { fields } = invocation
    const known = fields.doc('topologyVersion')
    const awaitMs = fields.count('maxAwaitTimeMS')
    if ((known === undefined) !== (awaitMs === undefined)) {
      throw new CommandError(
        31368,
        known === undefined
          ? "A request with a 'maxAwaitTimeMS' must include a 'topologyVersion'"
          : "A request with a 'topologyVersion' must include 'maxAwaitTimeMS'",
      )
    }
    if (known === undefined || awaitMs === undefined || !isCurrent(known)) return describe(invocation)
    return waitFor(Math.min(awaitMs, MAX_AWAIT_MS), invocation)
  },
}

function waitFor(ms: number, invocation: Invocation): Promise<Doc> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      resolve(describe(invocation))
    }
    const timer = setTimeout(done, ms)
    invocation.connection.onClose(done)
  })
}

function isCurrent(version: Doc): boolean {
  const id = version.get('processId')
  return id instanceof ObjectId && id.id === processId.id
}

export function topologyVersion(): Doc {
  return Doc.from({ processId, counter: 0n })
}

function describe({ name, fields, connection }: Invocation): Doc {
  const isLegacy = name !== 'hello'
  const out: Record<string, Value | undefined> = {
    helloOk: fields.bool('helloOk') ? true : undefined,
    [isLegacy ? 'ismaster' : 'isWritablePrimary']: true,
    topologyVersion: topologyVersion(),
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: MAX_STATEMENTS,
    localTime: new DateTime(Date.now()),
    logicalSessionTimeoutMinutes: 30,
    connectionId: connection.id,
    minWireVersion: 0,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
  }
  return Doc.from(out)
}
