import { registerRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { RegisterAccount } from '../use-cases/register-account.ts'
import { noStore } from './no-store.ts'
import { originOf } from './origin-of.ts'

export const register = (registerAccount: RegisterAccount) =>
  implementRoute(registerRoute, async ({ body, request }) => {
    const { account, tokens } = await registerAccount(body, originOf(request))
    const { id, email, name, roles } = account
    return { status: 201, body: { user: { id, email, name, roles: [...roles] }, ...tokens }, headers: noStore }
  })
