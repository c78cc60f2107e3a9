import { authorizeRoute, showAuthorizationRoute } from '@tradewind/contracts/oauth'
import { isPermission, meaningOf } from '@tradewind/contracts/permissions'
import { implementRoute } from '@tradewind/service-kit/route'
import type { AuthorizationRequest, AuthorizeApp, ShowAuthorization } from '../use-cases/authorize-app.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'

interface Parameters {
  readonly client_id: string
  readonly redirect_uri: string
  readonly code_challenge: string
  readonly scope?: string
  readonly state?: string
}

const requestIn = ({ client_id, redirect_uri, code_challenge, scope, state }: Parameters): AuthorizationRequest => ({
  clientId: client_id,
  redirectUri: redirect_uri,
  challenge: code_challenge,
  scope,
  state,
})

export const showAuthorization = (show: ShowAuthorization) =>
  implementRoute(showAuthorizationRoute, async ({ query }) => {
    const request = requestIn(query)
    const { client, scopes } = await show(request)
    const described = scopes.filter(isPermission).map((name) => ({ name, meaning: meaningOf(name) }))
    const { id, name } = client
    const body = { client: { id, name }, scopes: described, redirectUri: request.redirectUri }
    return { status: 200, body, headers: noStore }
  })

export const authorize = (authorizeApp: AuthorizeApp, note: NoteAction) =>
  implementRoute(authorizeRoute, async ({ body, ...asked }) => {
    const redirectTo = await authorizeApp(asked.caller.userId, requestIn(body))
    await note('app.authorized', asked, asked.caller.userId, { clientId: body.client_id })
    return { status: 200, body: { redirectTo }, headers: noStore }
  })
