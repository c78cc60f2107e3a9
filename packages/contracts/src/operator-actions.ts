import { type Static, Type } from 'typebox'
import { Id, Timestamp } from './common.ts'
import { defineEvent } from './event.ts'

/** What somebody who is more than a customer asked a service to change, in ids, codes and figures. */
const OperatorAction = Type.Object({
  actionId: Id('act'),
  at: Timestamp,
  actor: Type.Object({ kind: Type.Enum(['user', 'client']), id: Type.String({ maxLength: 64 }) }),
  /** The session, API key or client that asked. */
  sessionId: Type.String({ maxLength: 64 }),
  route: Type.String({ maxLength: 128, description: 'method and path, `POST /v1/orders/:id/cancel`' }),
  /** The first id of the path. */
  subject: Type.Optional(Type.String({ maxLength: 64 })),
  detail: Type.Record(Type.String(), Type.Union([Type.String({ maxLength: 128 }), Type.Number(), Type.Boolean()])),
  status: Type.Integer({ description: 'of the answer; 0 when the process died before it knew' }),
})
export type OperatorAction = Static<typeof OperatorAction>

/** Published once what came of it is known, or cannot be known any more. The audit log of auth takes them in. */
export const OrdersOperatorActedV1 = defineEvent('orders.operator.acted.v1', OperatorAction)
export const InventoryOperatorActedV1 = defineEvent('inventory.operator.acted.v1', OperatorAction)
export const PaymentsOperatorActedV1 = defineEvent('payments.operator.acted.v1', OperatorAction)
export const NotificationsOperatorActedV1 = defineEvent('notifications.operator.acted.v1', OperatorAction)

export const operatorActedIn = {
  orders: OrdersOperatorActedV1,
  inventory: InventoryOperatorActedV1,
  payments: PaymentsOperatorActedV1,
  notifications: NotificationsOperatorActedV1,
} as const
export type AuditedService = keyof typeof operatorActedIn
