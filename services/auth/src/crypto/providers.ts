import { randomBytes } from 'node:crypto'
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
} from 'openid-client'
import { ProviderAway, ProviderNotFound, ProviderRefused } from '../domain/identity.ts'

/** Another system that says who somebody is, as the configuration names it. */
export interface ProviderSettings {
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
}

/** What is kept here while somebody is there. */
export interface Journey {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

export interface OutsideIdentity {
  readonly subject: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly name: string | undefined
}

export interface Providers {
  readonly newSecrets: () => Pick<Journey, 'nonce' | 'codeVerifier'>
  /** Where to send the browser. Throws `ProviderNotFound`, `ProviderAway`. */
  readonly authorizationUrl: (provider: string, journey: Journey) => Promise<string>
  /** Takes the query of the way back. Throws `ProviderNotFound`, `ProviderAway`, `ProviderRefused`. */
  readonly redeem: (
    provider: string,
    query: Readonly<Record<string, string>>,
    journey: Journey,
  ) => Promise<OutsideIdentity>
}

/** A provider may change its keys and addresses; the library asks for new keys by itself. */
const metadataMaxAgeMs = 3600_000
const timeoutSeconds = 5

/** OpenID Connect with code flow, PKCE, state and nonce, by the certified client library. */
export function createProviders(settings: readonly ProviderSettings[], publicUrl: string, now: () => Date): Providers {
  const known = new Map<string, { readonly at: number; readonly configuration: Promise<Configuration> }>()

  async function discover({ issuer, clientId, clientSecret }: ProviderSettings): Promise<Configuration> {
    const url = new URL(issuer)
    // The settings let only this machine be spoken to in the clear.
    const execute = url.protocol === 'http:' ? [allowInsecureRequests] : []
    return await discovery(url, clientId, clientSecret, undefined, { execute, timeout: timeoutSeconds })
  }

  async function configurationOf(name: string): Promise<Configuration> {
    const found = settings.find((provider) => provider.name === name)
    if (found === undefined) throw ProviderNotFound({ provider: name })
    const at = now().getTime()
    const before = known.get(name)
    const configuration =
      before !== undefined && Math.abs(at - before.at) < metadataMaxAgeMs ? before.configuration : discover(found)
    if (configuration !== before?.configuration) known.set(name, { at, configuration })
    try {
      return await configuration
    } catch (cause) {
      known.delete(name)
      throw ProviderAway({ provider: name }, { cause })
    }
  }

  const redirectUri = (name: string) => new URL(`/v1/auth/oidc/${name}/callback`, publicUrl).href

  return {
    newSecrets: () => ({
      nonce: randomBytes(32).toString('base64url'),
      codeVerifier: randomBytes(32).toString('base64url'),
    }),
    authorizationUrl: async (name, { state, nonce, codeVerifier }) => {
      const configuration = await configurationOf(name)
      return buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri(name),
        scope: 'openid email profile',
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      }).href
    },
    redeem: async (name, query, { state, nonce, codeVerifier }) => {
      const configuration = await configurationOf(name)
      const url = new URL(redirectUri(name))
      url.search = new URLSearchParams(query).toString()
      try {
        const tokens = await authorizationCodeGrant(configuration, url, {
          pkceCodeVerifier: codeVerifier,
          expectedNonce: nonce,
          expectedState: state,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (claims === undefined) throw ProviderRefused({ provider: name })
        // Many providers tell the address only when they are asked.
        const person =
          claims['email'] === undefined ? await fetchUserInfo(configuration, tokens.access_token, claims.sub) : claims
        return {
          subject: claims.sub,
          email: textOf(person['email']),
          emailVerified: person['email_verified'] === true,
          name: textOf(person['name']),
        }
      } catch (cause) {
        throw ProviderRefused({ provider: name }, { cause })
      }
    },
  }
}

const maxTextLength = 254
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length > 0 && value.length <= maxTextLength ? value : undefined
