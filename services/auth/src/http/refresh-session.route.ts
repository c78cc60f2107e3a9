import { refreshRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { RefreshSession } from '../use-cases/refresh-session.ts'
import { originOf } from './origin-of.ts'
import { refreshTokenOf } from './session-cookies.ts'
import { tokenAnswer } from './sign-in-answer.ts'

export const refresh = (refreshSession: RefreshSession) =>
  implementRoute(refreshRoute, async ({ body, query, request }) => {
    const token = refreshTokenOf(request, body, query)
    const { app: _none, ...pair } = await refreshSession(token ?? '', originOf(request))
    return tokenAnswer(pair, query)
  })
