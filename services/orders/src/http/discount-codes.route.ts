import {
  changeDiscountCodeRoute,
  createDiscountCodeRoute,
  type DiscountCode,
  DiscountCodeText,
  getDiscountCodeRoute,
  listDiscountCodesRoute,
} from '@tradewind/contracts/discounts'
import { expectedVersion } from '@tradewind/service-kit/conditional'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { type ImplementedRoute, implementRoute } from '@tradewind/service-kit/route'
import type { DiscountView, ManageDiscounts } from '../use-cases/manage-discounts.ts'

const etagOf = ({ code: { version } }: DiscountView) => `"${version}"`

function present({ code, uses }: DiscountView): DiscountCode {
  const { id, off, minimum, startsAt, endsAt, totalLimit, perCustomerLimit, status, version } = code
  return {
    code: id,
    ...off,
    ...(minimum !== undefined && { minimum }),
    ...(startsAt !== undefined && { startsAt: startsAt.toISOString() }),
    ...(endsAt !== undefined && { endsAt: endsAt.toISOString() }),
    ...(totalLimit !== undefined && { totalLimit }),
    ...(perCustomerLimit !== undefined && { perCustomerLimit }),
    status,
    uses,
    version,
    createdAt: code.createdAt.toISOString(),
    updatedAt: code.updatedAt.toISOString(),
  }
}

const dateIn = (text: string) => new Date(text)
const dateOrNone = (text: string | null) => (text === null ? null : new Date(text))

export const discountCodes = (discounts: ManageDiscounts): ImplementedRoute[] => [
  implementRoute(createDiscountCodeRoute, async ({ body: { startsAt, endsAt, ...rest } }) => {
    const created = await discounts.create({
      ...rest,
      ...(startsAt !== undefined && { startsAt: dateIn(startsAt) }),
      ...(endsAt !== undefined && { endsAt: dateIn(endsAt) }),
    })
    const headers = { etag: etagOf(created), location: `/v1/discount-codes/${created.code.id}` }
    return { status: 201, body: present(created), headers }
  }),
  implementRoute(listDiscountCodesRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(DiscountCodeText, query.cursor)
    const { items, nextCursor } = pageOf(await discounts.list(after, limit), limit, ({ code: { id } }) => id)
    return { status: 200, body: { items: items.map(present), nextCursor } }
  }),
  implementRoute(getDiscountCodeRoute, async ({ params }) => {
    const found = await discounts.find(params.code)
    return { status: 200, body: present(found), headers: { etag: etagOf(found) } }
  }),
  implementRoute(changeDiscountCodeRoute, async ({ params, body: { startsAt, endsAt, ...rest }, headers }) => {
    const change = {
      ...rest,
      ...(startsAt !== undefined && { startsAt: dateOrNone(startsAt) }),
      ...(endsAt !== undefined && { endsAt: dateOrNone(endsAt) }),
    }
    const saved = await discounts.change(params.code, change, expectedVersion(headers['if-match']))
    return { status: 200, body: present(saved), headers: { etag: etagOf(saved) } }
  }),
]
