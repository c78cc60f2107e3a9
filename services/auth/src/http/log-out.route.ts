import { logoutRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LogOut } from '../use-cases/log-out.ts'

export const logOut = (endSession: LogOut) =>
  implementRoute(logoutRoute, async ({ body }) => {
    await endSession(body.refreshToken)
    return { status: 204, body: null }
  })
