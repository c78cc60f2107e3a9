import type { Caller } from '@tradewind/service-kit/tokens'

/** Whose orders the caller may see: own ones, or everybody's (undefined) for operators. */
export const customerOf = (caller: Caller): string | undefined => (caller.isOperator ? undefined : caller.userId)
