import type { Permission } from '@tradewind/contracts/permissions'
import { may } from '@tradewind/service-kit/access'
import type { Caller } from '@tradewind/service-kit/tokens'

/** Whose orders the caller may see or change: everybody's (undefined) with the permission, own ones without. */
export const customerOf = (caller: Caller, permission: Permission): string | undefined =>
  may(caller, permission) ? undefined : caller.userId
