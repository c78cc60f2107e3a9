import { logoutRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogOut } from '../use-cases/log-out.ts'
import { originOf } from './origin-of.ts'
import { endedCookies, refreshTokenOf } from './session-cookies.ts'

export const logOut = (endSession: LogOut) =>
  implementRoute(logoutRoute, async ({ body, query, request }) => {
    const token = refreshTokenOf(request, body, query)
    if (token !== undefined) await endSession(token, originOf(request))
    return { status: 204, body: null, ...(query.cookies !== undefined && { headers: endedCookies }) }
  })
