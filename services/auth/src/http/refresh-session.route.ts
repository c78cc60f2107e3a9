import { refreshRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { RefreshSession } from '../use-cases/refresh-session.ts'
import { noStore } from './no-store.ts'
import { originOf } from './origin-of.ts'

export const refresh = (refreshSession: RefreshSession) =>
  implementRoute(refreshRoute, async ({ body, request }) => {
    const { app: _none, ...pair } = await refreshSession(body.refreshToken, originOf(request))
    return { status: 200, body: pair, headers: noStore }
  })
