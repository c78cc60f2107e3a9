import { endSessionRoute, listSessionsRoute, logoutAllRoute } from '@tradewind/contracts/access'
import { SessionId } from '@tradewind/contracts/common'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import type { EndSession } from '../use-cases/end-session.ts'
import type { ListSessions } from '../use-cases/list-sessions.ts'
import type { RevokeSessions } from '../use-cases/revoke-sessions.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'

export const listSessions = (list: ListSessions) =>
  implementRoute(listSessionsRoute, async ({ query, caller }) => {
    const limit = limitOf(query)
    const before = query.cursor === undefined ? undefined : decodeCursor(SessionId, query.cursor)
    const found = await list({ userId: caller.userId, before, limit: limit + 1 })
    const page = pageOf(found, limit, ({ id }) => id)
    const items = page.items.map(({ id, device = {}, createdAt, lastSeenAt, expiresAt, idleUntil }) => ({
      id,
      isCurrent: id === caller.sessionId,
      ...(device.userAgent !== undefined && { device: device.userAgent }),
      ...(device.address !== undefined && { address: device.address }),
      createdAt: createdAt.toISOString(),
      lastSeenAt: (lastSeenAt ?? createdAt).toISOString(),
      expiresAt: (idleUntil ?? expiresAt).toISOString(),
    }))
    return { status: 200, body: { items, nextCursor: page.nextCursor }, headers: noStore }
  })

export const endSession = (end: EndSession, note: NoteAction) =>
  implementRoute(endSessionRoute, async ({ params, ...asked }) => {
    const { userId } = asked.caller
    await end({ sessionId: params.id, userId })
    await note('session.revoked', asked, userId, { sessionId: params.id })
    return { status: 204, body: null }
  })

export const logOutEverywhere = (revokeSessions: RevokeSessions, note: NoteAction) =>
  implementRoute(logoutAllRoute, async (asked) => {
    await revokeSessions(asked.caller.userId, 'logout')
    await note('sign_out.all', asked)
    return { status: 204, body: null }
  })
