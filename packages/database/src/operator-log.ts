import { type AuditedService, operatorActedIn } from '@tradewind/contracts/operator-actions'
import { every } from '@tradewind/service-kit/every'
import { newId } from '@tradewind/service-kit/ids'
import type { OperatorAction, OperatorLog } from '@tradewind/service-kit/operator-actions'
import type { ServiceConfig, ServiceContext } from '@tradewind/service-kit/service'
import type { Db } from 'mongodb'
import { createAggregateStore } from './aggregate-store.ts'
import { changed, unchanged } from './decision.ts'
import { dueIndex, idsDueBefore } from './due.ts'
import type { Migration } from './migrations.ts'
import { type Outbox, outboxIndex } from './outbox.ts'

/** An action that was begun, and what came of it once that is known. */
interface LoggedAction extends OperatorAction {
  readonly id: string
  readonly at: Date
  readonly status?: number
  /** When a sweeper looks at it: first for what nobody finished, then to remove it. */
  readonly dueAt: Date
}

export interface OperatorLogStore extends OperatorLog {
  readonly outbox: Outbox
  /** Says of what nobody finished that its outcome is unknown, and removes what is old. Any replica may run it. */
  readonly sweep: (now: Date) => Promise<number>
}

const collectionName = 'operator_actions'
/** Longer than a request may take. */
const unfinishedAfterMs = 120_000
/** By then it is in the audit log, also after a long absence of the broker: what is not out is not removed. */
const keptMs = 30 * 24 * 3600 * 1000
const sweepEveryMs = 10_000
const batch = 100
const unknown = 0

export const operatorLogMigration: Migration = {
  name: 'operator-actions',
  up: async (db) => {
    await db.collection(collectionName).createIndexes([outboxIndex, dueIndex])
  },
}

/**
 * Writes down what operators do, in the service's own database: that it is about to be done, before it is, and what came
 * of it with the event for the audit log, after. So nothing is done without a trace, with or without the broker.
 */
export function createOperatorLog(db: Db, service: AuditedService, now: () => Date): OperatorLogStore {
  const contract = operatorActedIn[service]
  const store = createAggregateStore<LoggedAction>(db, collectionName, { now })
  const after = (at: Date, milliseconds: number) => new Date(at.getTime() + milliseconds)

  async function finish(id: string, status: number): Promise<void> {
    await store.update(id, (before) => {
      if (before.status !== undefined) return unchanged()
      const { at, actor, sessionId, route, subject, detail } = before
      const data = {
        actionId: id,
        at: at.toISOString(),
        actor: { ...actor },
        sessionId,
        route,
        ...(subject !== undefined && { subject }),
        detail: { ...detail },
        status,
      }
      return changed({ ...before, status, dueAt: after(at, keptMs) }, contract.create(newId('evt'), data))
    })
  }

  return {
    outbox: store.outbox,
    begin: async (action) => {
      const at = now()
      const { id } = await store.insert({ ...action, id: newId('act'), at, dueAt: after(at, unfinishedAfterMs) })
      return (status) => finish(id, status)
    },
    sweep: async (at) => {
      const due = await idsDueBefore(store.collection, at, batch)
      for (const id of due) {
        const action = await store.find(id)
        if (action === undefined) continue
        if (action.status === undefined) await finish(id, unknown)
        else await store.collection.deleteOne({ _id: id, 'outbox.pendingAt': { $exists: false } })
      }
      return due.length
    },
  }
}

/** The log of a service, swept until the service ends. Its outbox is to be given to the relay. */
export function openOperatorLog(
  context: Pick<ServiceContext<ServiceConfig>, 'logger' | 'onShutdown'>,
  db: Db,
  service: AuditedService,
): OperatorLogStore {
  const now = () => new Date()
  const log = createOperatorLog(db, service, now)
  every(context, 'operator log', sweepEveryMs, () => log.sweep(now()))
  return log
}
