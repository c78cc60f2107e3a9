import { loginRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogIn } from '../use-cases/log-in.ts'
import { noStore } from './no-store.ts'

export const logIn = (logInWith: LogIn) =>
  implementRoute(loginRoute, async ({ body }) => ({ status: 200, body: await logInWith(body), headers: noStore }))
