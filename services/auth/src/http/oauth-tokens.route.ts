import { oauthIntrospectRoute, oauthRevokeRoute, oauthTokenRoute } from '@tradewind/contracts/oauth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { AuthenticateClient } from '../use-cases/authenticate-client.ts'
import type { GiveTokens } from '../use-cases/give-tokens.ts'
import type { InspectToken, RevokeToken } from '../use-cases/inspect-token.ts'
import { proofIn } from './client-proof.ts'
import { noStore } from './no-store.ts'
import { originOf } from './origin-of.ts'

export const giveTokens = (authenticate: AuthenticateClient, give: GiveTokens) =>
  implementRoute(oauthTokenRoute, async ({ body, request }) => {
    const origin = originOf(request)
    const client = await authenticate(proofIn(request, body), origin)
    const { accessToken, refreshToken, expiresIn, scope } = await give(
      client,
      {
        grantType: body.grant_type,
        scope: body.scope,
        code: body.code,
        redirectUri: body.redirect_uri,
        codeVerifier: body.code_verifier,
        refreshToken: body.refresh_token,
      },
      origin,
    )
    return {
      status: 200,
      body: {
        access_token: accessToken,
        token_type: 'Bearer' as const,
        expires_in: expiresIn,
        scope: scope.join(' '),
        ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      },
      headers: noStore,
    }
  })

export const revokeToken = (authenticate: AuthenticateClient, revoke: RevokeToken) =>
  implementRoute(oauthRevokeRoute, async ({ body, request }) => {
    const origin = originOf(request)
    await revoke(await authenticate(proofIn(request, body), origin), body.token, origin)
    return { status: 200, body: null, headers: noStore }
  })

const seconds = (date: Date) => Math.floor(date.getTime() / 1000)

export const introspectToken = (
  authenticate: AuthenticateClient,
  inspect: InspectToken,
  { issuer, audience }: { readonly issuer: string; readonly audience: string },
) =>
  implementRoute(oauthIntrospectRoute, async ({ body, request }) => {
    const found = await inspect(await authenticate(proofIn(request, body), originOf(request)), body.token)
    if (found === undefined) return { status: 200, body: { active: false }, headers: noStore }
    const { subject, clientId, scope, tokenType, expiresAt, issuedAt } = found
    return {
      status: 200,
      body: {
        active: true,
        sub: subject,
        iss: issuer,
        aud: audience,
        exp: seconds(expiresAt),
        ...(issuedAt && { iat: seconds(issuedAt) }),
        ...(clientId !== undefined && { client_id: clientId }),
        ...(scope !== undefined && { scope: scope.join(' ') }),
        ...(tokenType !== undefined && { token_type: tokenType }),
      },
      headers: noStore,
    }
  })
