import type { Caller } from '@tradewind/service-kit/tokens'
import type { KeyedRequest, Target } from '../use-cases/change-order.ts'
import { customerOf } from './customer-of.ts'

/** The order that a caller means: an own one, or anybody's for operators, who are named in its timeline. */
export const targetOf = (orderId: string, caller: Caller): Target => ({
  orderId,
  customerId: customerOf(caller),
  operatorId: caller.isOperator ? caller.userId : undefined,
})

/** A request under its caller's key. `parts` are all that tells it from another one. */
export const keyedRequest = (
  caller: Caller,
  headers: { readonly 'idempotency-key': string },
  ...parts: readonly unknown[]
): KeyedRequest => ({
  userId: caller.userId,
  idempotencyKey: headers['idempotency-key'],
  request: JSON.stringify(parts),
})
