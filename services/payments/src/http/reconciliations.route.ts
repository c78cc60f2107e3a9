import { PaymentId, Timestamp } from '@tradewind/contracts/common'
import {
  getReconciliationRoute,
  listDifferencesRoute,
  listReconciliationsRoute,
  type Reconciliation,
  ReconciliationId,
  startReconciliationRoute,
} from '@tradewind/contracts/payments'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { DifferenceRepository } from '../store/difference.repository.ts'
import type { ReconciliationRepository, StoredReconciliation } from '../store/reconciliation.repository.ts'
import type { ReadReconciliation } from '../use-cases/read-reconciliation.ts'
import type { StartReconciliation } from '../use-cases/start-reconciliation.ts'

const Place = Type.Tuple([Timestamp, ReconciliationId])

const present = (run: StoredReconciliation): Reconciliation => {
  const { id, status, from, provider, checked, differences, requestedBy, failure, createdAt, finishedAt } = run
  return {
    id,
    status,
    from: from.toISOString(),
    provider,
    checked,
    differences,
    ...(requestedBy !== undefined && { requestedBy }),
    ...(failure !== undefined && { failure }),
    createdAt: createdAt.toISOString(),
    ...(finishedAt !== undefined && { finishedAt: finishedAt.toISOString() }),
  }
}

export const postReconciliation = (start: StartReconciliation) =>
  implementRoute(startReconciliationRoute, async ({ body: { from }, headers, caller }) => {
    const { run, replayed } = await start({
      from: from === undefined ? undefined : new Date(from),
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: 202, body: present(run), ...replayedHeaders(replayed) }
  })

export const listReconciliations = (reconciliations: ReconciliationRepository) =>
  implementRoute(listReconciliationsRoute, async ({ query }) => {
    const limit = limitOf(query)
    const place = query.cursor === undefined ? undefined : decodeCursor(Place, query.cursor)
    const found = await reconciliations.page(place === undefined ? undefined : [new Date(place[0]), place[1]], limit)
    const { items, nextCursor } = pageOf(found, limit, ({ createdAt, id }) => [createdAt.toISOString(), id])
    return { status: 200, body: { items: items.map(present), nextCursor } }
  })

export const getReconciliation = (read: ReadReconciliation) =>
  implementRoute(getReconciliationRoute, async ({ params: { id } }) => ({ status: 200, body: present(await read(id)) }))

export const listDifferences = (read: ReadReconciliation, differences: DifferenceRepository) =>
  implementRoute(listDifferencesRoute, async ({ params: { id }, query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(PaymentId, query.cursor)
    await read(id)
    const { items, nextCursor } = pageOf(await differences.page(id, after, limit), limit, ({ paymentId }) => paymentId)
    const body = {
      items: items.map(({ paymentId, kind, ours, theirs, createdAt }) => ({
        paymentId,
        kind,
        ours,
        theirs,
        foundAt: createdAt.toISOString(),
      })),
      nextCursor,
    }
    return { status: 200, body }
  })
