import { registerRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { RegisterAccount } from '../use-cases/register-account.ts'
import { noStore } from './no-store.ts'
import { originOf } from './origin-of.ts'

export const register = (registerAccount: RegisterAccount) =>
  implementRoute(registerRoute, async ({ body, request }) => {
    const registered = await registerAccount(body, originOf(request))
    if (registered === undefined) return { status: 202, body: null, headers: noStore }
    const { account, tokens } = registered
    const { id, email, name, roles } = account
    return { status: 201, body: { user: { id, email, name, roles: [...roles] }, ...tokens }, headers: noStore }
  })
