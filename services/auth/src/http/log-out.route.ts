import { logoutRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogOut } from '../use-cases/log-out.ts'
import { originOf } from './origin-of.ts'

export const logOut = (endSession: LogOut) =>
  implementRoute(logoutRoute, async ({ body, request }) => {
    await endSession(body.refreshToken, originOf(request))
    return { status: 204, body: null }
  })
