import os from 'node:os'
import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { DateTime, Doc, type Value } from '../../bson/values.ts'
import { storageStats } from '../../commands/stats.ts'
import { CommandError } from '../../errors.ts'
import { compileExpression } from '../expression.ts'
import type { CompileStage } from '../stage.ts'

/** Documents given in the pipeline itself. */
export const documents: CompileStage = (operand, context) => {
  const evaluate = compileExpression(operand)
  return function* () {
    const list = evaluate({ root: new Doc(), variables: context.variables })
    if (!Array.isArray(list)) throw new CommandError(5858203, 'an array is expected')
    for (const doc of list) {
      if (!(doc instanceof Doc)) throw new CommandError(40228, '$documents needs an array of objects')
      yield doc
    }
  }
}

/** What the server is doing: the command that asks, for everything else has ended when it runs. */
export const currentOp: CompileStage = (_, context) =>
  function* () {
    yield Doc.from({
      type: 'op',
      host: `${os.hostname()}:${context.instance.port}`,
      desc: 'conn',
      active: true,
      currentOpTime: new Date().toISOString(),
      opid: 1,
      secs_running: 0n,
      microsecs_running: 0n,
      op: 'command',
      ns: 'admin.$cmd.aggregate',
      command: Doc.of('aggregate', 1),
      waitingForLock: false,
    })
  }

/** Sessions are named and forgotten. */
export const sessions: CompileStage = () =>
  function* () {
    yield* []
  }

export const indexStats: CompileStage = (_, context) =>
  function* () {
    const collection = context.instance.catalog.get(context.db, context.collection)
    for (const { spec, accesses, since } of collection?.indexes ?? []) {
      yield Doc.from({
        name: spec.name,
        key: spec.keyPattern,
        host: `${os.hostname()}:${context.instance.port}`,
        accesses: Doc.from({ ops: BigInt(accesses), since: new DateTime(since) }),
        spec: spec.source,
      })
    }
  }

/** Latencies are not measured. */
const NO_LATENCY = Doc.from({ latency: 0n, ops: 0n })

function scaleIn(options: Value | undefined): number {
  const scale = options instanceof Doc ? options.get('scale') : undefined
  return isNumeric(scale) ? Math.max(1, Math.trunc(toNumber(scale))) : 1
}

export const collStats: CompileStage = (operand, context) => {
  const wanted = operand instanceof Doc ? operand : new Doc()
  return function* () {
    const collection = context.instance.catalog.get(context.db, context.collection)
    if (collection === undefined)
      throw new CommandError('NamespaceNotFound', `Collection [${context.db}.${context.collection}] not found.`)
    const { count } = collection.totals()
    yield Doc.from({
      ns: collection.ns,
      host: `${os.hostname()}:${context.instance.port}`,
      localTime: new DateTime(Date.now()),
      storageStats: wanted.has('storageStats')
        ? storageStats(collection, scaleIn(wanted.get('storageStats')), {
            scaleFactor: scaleIn(wanted.get('storageStats')),
          })
        : undefined,
      latencyStats: wanted.has('latencyStats')
        ? Doc.from({ reads: NO_LATENCY, writes: NO_LATENCY, commands: NO_LATENCY, transactions: NO_LATENCY })
        : undefined,
      count: wanted.has('count') ? count : undefined,
    })
  }
}
