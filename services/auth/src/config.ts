import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { keyListFaults, keyListSetting } from '@tradewind/service-kit/keyring'
import { type Static, Type } from 'typebox'
import { parseProviders } from './crypto/provider-settings.ts'

const { JWKS_URL: _ownKeys, ...processSettings } = serviceSettings

export const settings = Type.Object({
  ...processSettings,
  ...backendSettings('tradewind_auth'),
  AUTH_BOOTSTRAP_OPERATOR_EMAIL: Type.Optional(
    Type.String({
      format: 'email',
      maxLength: 254,
      description: 'address of the operator account to keep at every start',
    }),
  ),
  AUTH_BOOTSTRAP_OPERATOR_PASSWORD: Type.Optional(
    Type.String({ minLength: 8, maxLength: 256, description: 'password that account has after every start' }),
  ),
  AUTH_PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/]+/?$',
      description: 'where clients reach the gateway, for the metadata of OAuth; TOKEN_ISSUER when not set',
    }),
  ),
  AUTH_KEYS: keyListSetting({
    description:
      'secret keys, `id:key` with 32 bytes in base64, separated by commas; the first seals the keys that sign tokens and makes refresh tokens, the others still open what they sealed',
  }),
  AUTH_KEY_ROTATION_DAYS: Type.Integer({
    minimum: 1,
    maximum: 365,
    default: 30,
    description: 'days after which another key signs access tokens',
  }),
  // Services look for new keys every five minutes, and other replicas of auth every ten seconds.
  AUTH_KEY_PUBLISH_SECONDS: Type.Integer({
    minimum: 30,
    maximum: 86_400,
    default: 900,
    description: 'how long a new key is published before it signs; longer than keys are cached anywhere',
  }),
  AUTH_SESSION_DAYS: Type.Integer({
    minimum: 1,
    maximum: 365,
    default: 30,
    description: 'days after which somebody must sign in again, whatever happens',
  }),
  AUTH_SESSION_IDLE_DAYS: Type.Integer({
    minimum: 1,
    maximum: 365,
    default: 7,
    description: 'days after which a session ends that nobody used',
  }),
  AUTH_PAGES_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^?#]+$',
      description:
        'where the pages are that links of mails lead to, `/verify-email` and `/reset-password`, with the token behind `#token=`; without it mails carry the token alone',
    }),
  ),
  AUTH_PRODUCT_NAME: Type.String({
    default: 'Tradewind',
    minLength: 1,
    maxLength: 64,
    pattern: '^[^:\\r\\n]+$',
    description: 'what code generators and devices show beside an account',
  }),
  AUTH_PASSKEY_DOMAIN: Type.String({
    default: 'localhost',
    pattern: '^[a-z0-9.-]{1,253}$',
    description: 'domain that passkeys are for; all pages that ask for them lie in it',
  }),
  AUTH_PASSKEY_ORIGINS: Type.String({
    default: 'http://localhost:3000',
    pattern: '^https?://[^,/ ]+(,https?://[^,/ ]+){0,9}$',
    description: 'origins of the pages that may ask for passkeys, separated by commas',
  }),
  AUTH_OIDC_PROVIDERS: Type.Optional(
    Type.String({
      maxLength: 16_384,
      description:
        'other providers to sign in with, a JSON list of `{ "name", "issuer", "clientId", "clientSecret" }`; each sends back to `/v1/auth/oidc/<name>/callback` of AUTH_PUBLIC_URL',
    }),
  ),
  AUTH_REQUIRE_OPERATOR_MFA: Type.Boolean({
    default: false,
    description: 'gives staff no more than customers have until they showed a second factor',
  }),
  AUTH_REGISTER_BY_MAIL: Type.Boolean({
    default: false,
    description:
      'answers every registration alike, whether its address is taken or not, and lets nobody sign in before the mail that follows was answered; it takes a mail server, and pages that expect 202',
  }),
  AUTH_GUESSES_PER_ACCOUNT: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 10,
    description:
      'wrong passwords in 15 minutes for one account, and as many again from each device and network that signed in before',
  }),
  AUTH_GUESSES_PER_NETWORK: Type.Integer({
    minimum: 1,
    maximum: 10_000_000,
    default: 100,
    description: 'wrong passwords in 15 minutes from one IPv4 address or one IPv6 network (/64)',
  }),
  AUTH_TAKEN_ANSWERS_PER_HOUR: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 20,
    description:
      'how often an hour one network is told that an address has an account already, before it is refused to register',
  }),
  AUTH_HASH_CONCURRENCY: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 2,
    description: 'passwords hashed at once; each takes a core and 19 MiB',
  }),
  AUTH_HASH_QUEUE: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    default: 256,
    description: 'sign-ins that may wait for hashing; more are answered 503',
  }),
})
export type Config = Static<typeof settings>

export const guessLimitsOf = (config: Config) => ({
  perAccount: config.AUTH_GUESSES_PER_ACCOUNT,
  perNetwork: config.AUTH_GUESSES_PER_NETWORK,
  takenPerNetwork: config.AUTH_TAKEN_ANSWERS_PER_HOUR,
})

export const readConfig = (env?: NodeJS.ProcessEnv): Config =>
  loadConfig(settings, env, (config) => {
    const { AUTH_BOOTSTRAP_OPERATOR_EMAIL: email, AUTH_BOOTSTRAP_OPERATOR_PASSWORD: password } = config
    const faults = [...keyListFaults('AUTH_KEYS', config.AUTH_KEYS)]
    if (!URL.canParse(config.TOKEN_ISSUER)) faults.push('TOKEN_ISSUER is no address, which OAuth needs (RFC 8414, 2)')
    const { AUTH_OIDC_PROVIDERS: providers } = config
    if (providers !== undefined && parseProviders(providers) === undefined)
      faults.push('AUTH_OIDC_PROVIDERS is not a list of providers, each with a name of its own and an https:// issuer')
    if ((email === undefined) === (password === undefined)) return faults
    return [
      ...faults,
      'AUTH_BOOTSTRAP_OPERATOR_EMAIL and AUTH_BOOTSTRAP_OPERATOR_PASSWORD belong together: set both or none',
    ]
  })
