import type { Permission } from '@tradewind/contracts/permissions'
import { may } from '@tradewind/service-kit/access'
import type { Caller } from '@tradewind/service-kit/tokens'
import type { KeyedRequest, Target } from '../use-cases/change-order.ts'
import { customerOf } from './customer-of.ts'

/** The order that a caller means: an own one, or anybody's for those with the permission, who are named in its timeline. */
export const targetOf = (orderId: string, caller: Caller, permission: Permission = 'orders:write:any'): Target => ({
  orderId,
  customerId: customerOf(caller, permission),
  operatorId: may(caller, permission) ? caller.userId : undefined,
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
