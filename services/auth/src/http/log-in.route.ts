import { loginRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogIn } from '../use-cases/log-in.ts'
import { deviceOf } from './device-of.ts'
import { signInAnswer } from './sign-in-answer.ts'

export const logIn = (logInWith: LogIn) =>
  implementRoute(loginRoute, async ({ body, query, request }) =>
    signInAnswer(await logInWith(body, deviceOf(request)), query),
  )
