import { loginRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogIn } from '../use-cases/log-in.ts'
import { deviceOf } from './device-of.ts'
import { noStore } from './no-store.ts'

export const logIn = (logInWith: LogIn) =>
  implementRoute(loginRoute, async ({ body, request }) => ({
    status: 200,
    body: await logInWith(body, deviceOf(request)),
    headers: noStore,
  }))
