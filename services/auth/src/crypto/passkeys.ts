import { randomBytes } from 'node:crypto'
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { type Passkey, PasskeyInvalid, PasskeyRefused, type PasskeyUse } from '../domain/passkey.ts'

/** Who asks for passkeys: a domain, and the origins of the pages that may. */
export interface RelyingParty {
  readonly id: string
  readonly name: string
  readonly origins: readonly string[]
}

export type Attestation = RegistrationResponseJSON
export type Assertion = AuthenticationResponseJSON

export type NewPasskey = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'isBackedUp'>

export interface Passkeys {
  readonly newChallenge: () => string
  readonly registrationOptions: (
    owner: {
      readonly userId: string
      readonly email: string
      readonly name: string
      readonly known: readonly Passkey[]
    },
    challenge: string,
  ) => Promise<object>
  readonly signInOptions: (challenge: string) => Promise<object>
  /** Throws `PasskeyInvalid`. */
  readonly verifyRegistration: (credential: Attestation, challenge: string) => Promise<NewPasskey>
  /** Throws `PasskeyRefused`, also for a counter that does not rise. */
  readonly verifyAssertion: (credential: Assertion, challenge: string, passkey: Passkey) => Promise<PasskeyUse>
  /** Whose passkey it says it is. */
  readonly ownerOf: (credential: Assertion) => string | undefined
}

/** COSE: EdDSA, ES256, RS256. */
const algorithms = [-8, -7, -257]
const lifetimeMs = 300_000

export function createPasskeys({ id: rpID, name: rpName, origins }: RelyingParty): Passkeys {
  const expected = { expectedOrigin: [...origins], expectedRPID: rpID, requireUserVerification: true }
  const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))
  const challengeBytes = (challenge: string) => new Uint8Array(Buffer.from(challenge, 'base64url'))
  return {
    newChallenge: () => randomBytes(32).toString('base64url'),
    registrationOptions: ({ userId, email, name, known }, challenge) =>
      generateRegistrationOptions({
        rpID,
        rpName,
        userID: bytesOf(userId),
        userName: email,
        userDisplayName: name,
        challenge: challengeBytes(challenge),
        timeout: lifetimeMs,
        attestationType: 'none',
        excludeCredentials: known.map(({ credentialId }) => ({ id: credentialId })),
        // A passkey stands for both factors, so the device must know its owner and the account.
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: algorithms,
      }),
    signInOptions: (challenge) =>
      generateAuthenticationOptions({
        rpID,
        challenge: challengeBytes(challenge),
        timeout: lifetimeMs,
        userVerification: 'required',
      }),
    verifyRegistration: async (response, expectedChallenge) => {
      const found = await verifyRegistrationResponse({
        response,
        expectedChallenge,
        supportedAlgorithmIDs: algorithms,
        ...expected,
      }).catch((cause: unknown) => {
        throw PasskeyInvalid({}, { cause })
      })
      if (!found.verified) throw PasskeyInvalid()
      const { credential, credentialBackedUp } = found.registrationInfo
      return {
        credentialId: credential.id,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: credential.transports ?? [],
        isBackedUp: credentialBackedUp,
      }
    },
    verifyAssertion: async (response, expectedChallenge, passkey) => {
      const publicKey = new Uint8Array(Buffer.from(passkey.publicKey, 'base64url'))
      const credential = { id: passkey.credentialId, publicKey, counter: passkey.counter }
      const found = await verifyAuthenticationResponse({ response, expectedChallenge, credential, ...expected }).catch(
        (cause: unknown) => {
          throw PasskeyRefused({ passkeyId: passkey.id }, { cause })
        },
      )
      if (!found.verified) throw PasskeyRefused({ passkeyId: passkey.id })
      const { newCounter, credentialBackedUp } = found.authenticationInfo
      return { id: passkey.id, counter: newCounter, isBackedUp: credentialBackedUp }
    },
    ownerOf: ({ response: { userHandle } }) =>
      userHandle === undefined ? undefined : Buffer.from(userHandle, 'base64url').toString(),
  }
}
