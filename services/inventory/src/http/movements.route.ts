import { listMovementsRoute } from '@tradewind/contracts/inventory'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { LedgerEntry, MovementLedger } from '../store/movement-ledger.ts'

const latest = 8_640_000_000_000_000
const Place = Type.Tuple([Type.Integer({ minimum: 0, maximum: latest }), Type.Integer(), Type.String({ minLength: 1 })])

export const listMovements = (ledger: MovementLedger) =>
  implementRoute(listMovementsRoute, async ({ query }) => {
    const { sku, locationId, orderId, cursor } = query
    const limit = limitOf(query)
    const after = cursor === undefined ? undefined : decodeCursor(Place, cursor)
    const found = await ledger.page({ sku, locationId, orderId, after, limit })
    const { items, nextCursor } = pageOf(found, limit, ({ at, seq, _id }) => [at.getTime(), seq, _id])
    return { status: 200, body: { items: items.map(present), nextCursor } }
  })

const present = ({
  _id,
  stockId: _stockId,
  archived: _archived,
  archivedAt: _archivedAt,
  at,
  ...entry
}: LedgerEntry) => ({
  id: _id,
  ...entry,
  at: at.toISOString(),
})
