import { machineRole } from '@tradewind/contracts/permissions'
import { changed, unchanged } from '@tradewind/database/decision'
import type { AccessTokens } from '../crypto/access-tokens.ts'
import type { Secrets } from '../crypto/secrets.ts'
import { isActive } from '../domain/account-changes.ts'
import { type Redemption, redeemCode, type ShownCode } from '../domain/authorization-code.ts'
import type { Client } from '../domain/client.ts'
import {
  InvalidGrant,
  InvalidRequest,
  InvalidScope,
  UnauthorizedClient,
  UnsupportedGrantType,
} from '../domain/oauth-errors.ts'
import { givenScope } from '../domain/scope.ts'
import { InvalidRefreshToken } from '../domain/session.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { AuthorizationCodeRepository } from '../store/authorization-code.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import type { OpenSession } from './open-session.ts'
import type { Audit } from './record-audit.ts'
import type { RefreshSession } from './refresh-session.ts'
import type { RevokeSession } from './revoke-sessions.ts'

export interface TokenRequest {
  readonly grantType: string
  readonly scope?: string | undefined
  readonly code?: string | undefined
  readonly redirectUri?: string | undefined
  readonly codeVerifier?: string | undefined
  readonly refreshToken?: string | undefined
}

export interface GivenTokens {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly expiresIn: number
  readonly scope: readonly string[]
}

export type GiveTokens = (client: Client, request: TokenRequest, origin: Origin) => Promise<GivenTokens>

interface Ports {
  readonly accounts: AccountRepository
  readonly codes: AuthorizationCodeRepository
  readonly accessTokens: AccessTokens
  readonly secrets: Secrets
  readonly challengeOf: (verifier: string) => string | undefined
  readonly openSession: OpenSession
  readonly refreshSession: RefreshSession
  readonly revoke: RevokeSession
  readonly audit: Audit
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

const codeForm = /^(cod_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/

/** Gives tokens by one of three grants. Throws the errors of RFC 6749, 5.2. */
export const makeGiveTokens = (ports: Ports): GiveTokens => {
  const byCode = makeRedeem(ports)
  const { accessTokens, refreshSession, audit } = ports

  async function toMachine(client: Client, { scope }: TokenRequest, origin: Origin): Promise<GivenTokens> {
    if (client.kind !== 'machine') throw UnauthorizedClient()
    const given = givenScope(scope, client.scopes)
    const accessToken = accessTokens.issue({
      userId: client.id,
      sessionId: client.id,
      clientId: client.id,
      roles: [machineRole],
      accessVersion: client.accessVersion,
      scope: given,
    })
    const { id } = client
    await audit.record({ action: 'client.signed_in', actor: { kind: 'client', id }, subject: id, origin })
    return { accessToken, expiresIn: accessTokens.lifetimeSeconds, scope: given }
  }

  async function byRefreshToken(client: Client, request: TokenRequest, origin: Origin): Promise<GivenTokens> {
    if (client.kind !== 'app') throw UnauthorizedClient()
    if (request.refreshToken === undefined) throw InvalidRequest()
    // The scope stays what the person allowed; a narrower one would need a token that is told apart.
    if (request.scope !== undefined) throw InvalidScope()
    try {
      const { app, ...pair } = await refreshSession(request.refreshToken, origin, client.id)
      return { ...pair, scope: app?.scopes ?? [] }
    } catch (cause) {
      throw InvalidRefreshToken.is(cause) ? InvalidGrant({}, { cause }) : cause
    }
  }

  return async (client, request, origin) => {
    switch (request.grantType) {
      case 'client_credentials':
        return await toMachine(client, request, origin)
      case 'authorization_code':
        return await byCode(client, request, origin)
      case 'refresh_token':
        return await byRefreshToken(client, request, origin)
      default:
        throw UnsupportedGrantType()
    }
  }
}

const makeRedeem = ({
  accounts,
  codes,
  secrets,
  challengeOf,
  openSession,
  revoke,
  audit,
  now,
  newId,
}: Ports): GiveTokens => {
  /** One write uses the code up and says which session it gave, so that whoever shows it again ends that one. */
  async function redeem(id: string, shown: ShownCode, sessionId: string): Promise<Redemption> {
    let redemption: Redemption = { kind: 'refused' }
    await codes.update(id, (before) => {
      redemption = redeemCode(before, shown, sessionId, now())
      return redemption.kind === 'refused' ? unchanged() : changed(redemption.code)
    })
    return redemption
  }

  return async (client, { code, redirectUri, codeVerifier }, origin) => {
    if (client.kind !== 'app') throw UnauthorizedClient()
    if (code === undefined || redirectUri === undefined || codeVerifier === undefined) throw InvalidRequest()
    const [, id, secret] = codeForm.exec(code) ?? []
    const challenge = challengeOf(codeVerifier)
    if (id === undefined || secret === undefined || challenge === undefined) throw InvalidGrant()
    const shown = { codeHash: secrets.hash(secret), clientId: client.id, redirectUri, challenge }
    const sessionId = newId('ses')
    const redemption = await redeem(id, shown, sessionId)
    if (redemption.kind === 'reused') await revoke(redemption.code.sessionId ?? '', 'reuse')
    if (redemption.kind !== 'redeemed') throw InvalidGrant()

    const { userId, scopes } = redemption.code
    const account = await accounts.find(userId)
    if (account === undefined || !isActive(account)) throw InvalidGrant()
    const pair = await openSession(account, origin.device, { app: { clientId: client.id, scopes }, sessionId })
    // Somebody may have shown the code again before there was a session to end.
    if ((await codes.find(id))?.reusedAt !== undefined) {
      await revoke(sessionId, 'reuse')
      throw InvalidGrant()
    }
    const actor = { kind: 'client', id: client.id } as const
    await audit.record({ action: 'app.signed_in', actor, subject: userId, origin, detail: { sessionId } })
    return { ...pair, scope: scopes }
  }
}
