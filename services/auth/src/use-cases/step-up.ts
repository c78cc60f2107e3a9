import type { AccessTokens } from '../crypto/access-tokens.ts'
import { type Account, accessVersionOf } from '../domain/account.ts'
import { type Method, rolesFor } from '../domain/authentication.ts'
import { InvalidRefreshToken } from '../domain/session.ts'
import { isTotpActive, WrongProof } from '../domain/totp.ts'
import { requirePassword } from './change-password.ts'
import type { CheckCode } from './check-code.ts'
import type { Origin } from './guard-sign-in.ts'
import type { NoteAuthentication } from './note-authentication.ts'
import type { ReadAccount } from './read-account.ts'
import type { PasswordPorts } from './show-password.ts'

export interface Proof {
  readonly userId: string
  readonly sessionId: string
  readonly password?: string
  readonly code?: string
  readonly origin: Origin
}

/**
 * Takes a code where the account has a second factor, else the password, and gives a fresher access token of the same
 * session. Throws `WrongProof` when the other one is shown, and what is wrong with it.
 */
export type StepUp = (proof: Proof) => Promise<string>

interface Ports extends PasswordPorts {
  readonly accessTokens: AccessTokens
  readonly readAccount: ReadAccount
  readonly checkCode: CheckCode
  readonly noteAuthentication: NoteAuthentication
  readonly staffNeedsMfa: boolean
}

export const makeStepUp = (ports: Ports): StepUp => {
  async function methodsShown(account: Account, { password, code, origin }: Proof): Promise<readonly Method[]> {
    if (isTotpActive(account.totp)) {
      if (code === undefined || password !== undefined) throw wrongProof('/code')
      const { id } = account
      const { attempt } = await ports.checkCode(account, { code, origin, actor: { kind: 'user', id } })
      attempt.passed()
      return ['pwd', 'otp', 'mfa']
    }
    if (password === undefined || code !== undefined) throw wrongProof('/password')
    await requirePassword(ports, account, { password, pointer: '/password', origin })
    return ['pwd']
  }

  return async (proof) => {
    const account = await ports.readAccount(proof.userId)
    const methods = await methodsShown(account, proof)
    const authentication = await ports.noteAuthentication(proof.sessionId, methods)
    if (authentication === undefined) throw InvalidRefreshToken()
    return ports.accessTokens.issue({
      userId: account.id,
      sessionId: proof.sessionId,
      roles: rolesFor(account.roles, authentication, ports.staffNeedsMfa),
      accessVersion: accessVersionOf(account),
      authentication,
    })
  }
}

const wrongProof = (pointer: string) =>
  WrongProof({}, { errors: [{ pointer, detail: 'is required, and nothing else' }] })
