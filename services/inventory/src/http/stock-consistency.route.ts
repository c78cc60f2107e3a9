import { checkStockRoute, repairStockRoute } from '@tradewind/contracts/inventory'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { CheckPlace, CheckStock } from '../use-cases/check-stock.ts'
import type { RepairPlace, RepairStock } from '../use-cases/repair-stock.ts'

const CheckCursor = Type.Tuple([Type.Enum(['stock', 'ledger', 'reservations']), Type.String()])
const RepairCursor = Type.Tuple([
  Type.Enum(['rebuild', 'release-leaked-holds']),
  Type.Enum(['stock', 'reservations']),
  Type.String(),
])
const repairPage = 50

/** The cursor of a page whose last place is known. */
const cursorTo = (place: unknown): string | null =>
  place === undefined ? null : pageOf([place, place], 1, (one) => one).nextCursor

export const getStockConsistency = (checkStock: CheckStock) =>
  implementRoute(checkStockRoute, async ({ query }) => {
    const place: CheckPlace | undefined =
      query.cursor === undefined ? undefined : decodeCursor(CheckCursor, query.cursor)
    const { checked, violations, next } = await checkStock(place, limitOf(query))
    const body = {
      checked,
      violations: violations.map((one) => ({ ...one, documents: [...one.documents] })),
      nextCursor: cursorTo(next),
    }
    return { status: 200, body }
  })

export const postStockConsistency = (repairs: Readonly<Record<'rebuild' | 'release-leaked-holds', RepairStock>>) =>
  implementRoute(repairStockRoute, async ({ body: { action, dryRun = false, limit = repairPage, cursor } }) => {
    const given = cursor === undefined ? undefined : decodeCursor(RepairCursor, cursor)
    const from: RepairPlace | undefined = given?.[0] === action ? [given[1], given[2]] : undefined
    const { checked, repaired, notes, next } = await repairs[action](from, limit, dryRun)
    const nextCursor = cursorTo(next === undefined ? undefined : [action, ...next])
    return { status: 200, body: { checked, repaired: [...repaired], notes: [...notes], nextCursor } }
  })
