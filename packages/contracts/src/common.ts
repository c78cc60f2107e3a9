import { type TSchema, Type } from 'typebox'

/** A prefixed, time-ordered, opaque id: the prefix, an underscore and the 32 hexadecimal digits of a UUIDv7. */
export const Id = (prefix: string) => Type.String({ pattern: `^${prefix}_[0-9a-f]{32}$`, maxLength: 48 })

export const UserId = Id('usr')
export const SessionId = Id('ses')
export const ApiKeyId = Id('apk')
/** A program that is signed in by itself, or an app that people sign in to. */
export const ClientId = Id('cli')
export const ProductId = Id('prd')
export const OrderId = Id('ord')
export const OrderLineId = Id('oln')
export const PaymentId = Id('pay')
export const RefundId = Id('ref')
export const FulfilmentId = Id('ful')
export const ReturnId = Id('ret')
/** A change of what an order consists of, before any of it is packed. */
export const EditId = Id('edt')
/** Units that an order gives back to the shelves, by a cancellation, an edit or a return. */
export const RestockId = Id('rst')
export const NotificationId = Id('ntf')

/** A stock keeping unit: 1 to 64 letters, digits, dots, dashes and underscores, chosen by the operator. */
export const Sku = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', maxLength: 64 })
/** A place that holds stock, in kebab-case, chosen by the operator. */
export const LocationId = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$', maxLength: 64 })

/** RFC 3339 in UTC. */
export const Timestamp = Type.String({ format: 'date-time' })

export const Currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 code' })
/** Highest amount of anything. */
export const maxAmountMinor = 1_000_000_000_000
/** An amount in the currency's minor unit, never a fraction. */
export const AmountMinor = Type.Integer({ minimum: 0, maximum: maxAmountMinor })
export const Money = Type.Object({ amountMinor: AmountMinor, currency: Currency }, { additionalProperties: false })
export type Money = Type.Static<typeof Money>

/** One line that neither begins nor ends with a space. */
export const Line = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^\\S([^\\r\\n]*\\S)?$' })

export const Email = Type.String({ format: 'email', maxLength: 254 })

/** An object that refuses fields it does not name, for request bodies. Events stay open, so that they can grow. */
export const Strict = <T extends Type.TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false })

/** Query string of a list. Values arrive as text and are never coerced, so the limit is a pattern: 1 to 100. */
export const pageQuery = {
  limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100, default 50' })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 512, pattern: '^[A-Za-z0-9_-]+$' })),
}
export const defaultPageSize = 50

export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) })

/** Visible ASCII, chosen by the client, kept with what it created. */
export const idempotencyHeaders = Type.Object({
  'idempotency-key': Type.String({ minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' }),
})

/** Reads are answered 304 when the ETag is the one that the client has. */
export const conditionalHeaders = Type.Object({ 'if-none-match': Type.Optional(Type.String({ maxLength: 1024 })) })
export const NotModified = Type.Null()

/** An answer that is streamed as it is. */
export const Binary = Type.Unsafe<AsyncIterable<Uint8Array>>({ type: 'string', format: 'binary' })

/** RFC 9457, with a stable code and, for invalid input, one entry per fault. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(Type.String()),
  instance: Type.Optional(Type.String()),
  code: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }))),
})
export type Problem = Type.Static<typeof Problem>
