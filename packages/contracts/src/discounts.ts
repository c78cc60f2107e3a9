import { Type } from 'typebox'
import { Money, Page, pageQuery, Strict, Timestamp } from './common.ts'
import { defineRoute } from './route.ts'

/** 3 to 64 letters and digits, with dashes and underscores between them. Upper and lower case are the same. */
export const DiscountCodeText = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{1,62}[A-Za-z0-9]$',
  maxLength: 64,
})

const Uses = Type.Integer({ minimum: 1, maximum: 1_000_000_000 })
const PositiveMoney = Strict({
  amountMinor: Type.Integer({ minimum: 1, maximum: 1_000_000_000_000 }),
  currency: Money.properties.currency,
})

const terms = {
  minimum: Type.Optional(PositiveMoney),
  startsAt: Type.Optional(Timestamp),
  endsAt: Type.Optional(Timestamp),
  totalLimit: Type.Optional(Uses),
  perCustomerLimit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
}

export const DiscountCode = Type.Object({
  code: Type.String(),
  percent: Type.Optional(Type.Integer({ description: 'taken off the subtotal' })),
  amount: Type.Optional(Money),
  ...terms,
  status: Type.Enum(['active', 'disabled']),
  uses: Type.Integer({ description: 'by confirmed orders and by those on their way' }),
  version: Type.Integer(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type DiscountCode = Type.Static<typeof DiscountCode>

const params = Strict({ code: DiscountCodeText })

export const createDiscountCodeRoute = defineRoute('orders', 'POST', '/v1/discount-codes', 'discounts:write', {
  summary: 'Issues a discount code: so many percent, or an amount, off the subtotal',
  audited: ['code', 'percent'],
  body: Strict({
    code: DiscountCodeText,
    percent: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    amount: Type.Optional(PositiveMoney),
    ...terms,
  }),
  response: { 201: DiscountCode },
})

export const listDiscountCodesRoute = defineRoute('orders', 'GET', '/v1/discount-codes', 'discounts:read', {
  summary: 'Discount codes by name',
  querystring: Strict(pageQuery),
  response: { 200: Page(DiscountCode) },
})

export const getDiscountCodeRoute = defineRoute('orders', 'GET', '/v1/discount-codes/:code', 'discounts:read', {
  summary: 'A discount code and how often it was used',
  params,
  response: { 200: DiscountCode },
})

export const changeDiscountCodeRoute = defineRoute('orders', 'PATCH', '/v1/discount-codes/:code', 'discounts:write', {
  summary: 'Disables a discount code, enables it again, or changes when and how often it may be used',
  params,
  headers: Type.Object({ 'if-match': Type.Optional(Type.String({ maxLength: 100 })) }),
  audited: ['status', 'totalLimit', 'perCustomerLimit'],
  body: Strict({
    status: Type.Optional(Type.Enum(['active', 'disabled'])),
    startsAt: Type.Optional(Type.Union([Timestamp, Type.Null()])),
    endsAt: Type.Optional(Type.Union([Timestamp, Type.Null()])),
    totalLimit: Type.Optional(Type.Union([Uses, Type.Null()])),
    perCustomerLimit: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 1000 }), Type.Null()])),
  }),
  response: { 200: DiscountCode },
})

export const discountRoutes = [
  createDiscountCodeRoute,
  listDiscountCodesRoute,
  getDiscountCodeRoute,
  changeDiscountCodeRoute,
]
