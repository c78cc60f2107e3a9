import { loginRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogIn } from '../use-cases/log-in.ts'
import { originOf } from './origin-of.ts'
import { deviceTokenOf } from './session-cookies.ts'
import { signInAnswer } from './sign-in-answer.ts'

export const logIn = (logInWith: LogIn) =>
  implementRoute(loginRoute, async ({ body, query, request }) => {
    const { email, password } = body
    const origin = originOf(request, deviceTokenOf(request, body, query))
    return signInAnswer(await logInWith({ email, password }, origin), query)
  })
