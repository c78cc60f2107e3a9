import { browserCookie } from '@tradewind/contracts/cookies'
import {
  finishOutsideSignInRoute,
  listIdentitiesRoute,
  startOutsideSignInRoute,
  unlinkIdentityRoute,
} from '@tradewind/contracts/outside-sign-in'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadAccount } from '../use-cases/read-account.ts'
import type { FinishOutside, StartOutside } from '../use-cases/sign-in-outside.ts'
import type { UnlinkIdentity } from '../use-cases/unlink-identity.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'
import { originOf } from './origin-of.ts'
import { arrivedCookie, cookieOf, cookieSession, departureCookie } from './session-cookies.ts'

export const startOutside = (start: StartOutside) =>
  implementRoute(startOutsideSignInRoute, async ({ params, query }) => {
    const { url, browserSecret } = await start(params.provider, query.cookies !== undefined)
    const headers = { ...noStore, location: url, 'set-cookie': departureCookie(browserSecret) }
    return { status: 302, body: null, headers }
  })

/** With cookies the browser goes on to the pages, which are the only place that it can be sent to. */
export const finishOutside = (finish: FinishOutside, pagesUrl: string | undefined) =>
  implementRoute(finishOutsideSignInRoute, async ({ params, query, request }) => {
    const browserSecret = cookieOf(request, browserCookie)
    const { outcome, cookies } = await finish({ ...params, query, browserSecret }, originOf(request))
    if (!cookies || pagesUrl === undefined || 'mfaRequired' in outcome)
      return { status: 200, body: outcome, headers: { ...noStore, 'set-cookie': arrivedCookie } }
    const { headers } = cookieSession(outcome)
    return {
      status: 303,
      body: null,
      headers: { ...headers, location: pagesUrl, 'set-cookie': [...headers['set-cookie'], arrivedCookie] },
    }
  })

export const listIdentities = (readAccount: ReadAccount) =>
  implementRoute(listIdentitiesRoute, async ({ caller }) => {
    const { identities = [] } = await readAccount(caller.userId)
    const items = identities.map(({ provider, linkedAt }) => ({ provider, linkedAt: linkedAt.toISOString() }))
    return { status: 200, body: { items }, headers: noStore }
  })

export const unlinkProvider = (unlink: UnlinkIdentity, note: NoteAction) =>
  implementRoute(unlinkIdentityRoute, async ({ params, ...asked }) => {
    const { userId } = asked.caller
    await unlink(userId, params.provider)
    await note('provider.unlinked', asked, userId, { provider: params.provider })
    return { status: 204, body: null }
  })
