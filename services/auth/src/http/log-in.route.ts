import { loginRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogIn } from '../use-cases/log-in.ts'
import { originOf } from './origin-of.ts'
import { signInAnswer } from './sign-in-answer.ts'

export const logIn = (logInWith: LogIn) =>
  implementRoute(loginRoute, async ({ body: { deviceToken, ...credentials }, query, request }) =>
    signInAnswer(await logInWith(credentials, originOf(request, deviceToken)), query),
  )
