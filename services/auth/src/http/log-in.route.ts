import { loginRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogIn } from '../use-cases/log-in.ts'
import { noStore } from './no-store.ts'
import { originOf } from './origin-of.ts'

export const logIn = (logInWith: LogIn) =>
  implementRoute(loginRoute, async ({ body: { deviceToken, ...credentials }, request }) => ({
    status: 200,
    body: await logInWith(credentials, originOf(request, deviceToken)),
    headers: noStore,
  }))
