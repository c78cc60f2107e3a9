import { refreshRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { RefreshSession } from '../use-cases/refresh-session.ts'
import { noStore } from './no-store.ts'

export const refresh = (refreshSession: RefreshSession) =>
  implementRoute(refreshRoute, async ({ body }) => ({
    status: 200,
    body: await refreshSession(body.refreshToken),
    headers: noStore,
  }))
