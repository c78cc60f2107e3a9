import { type Static, Type } from 'typebox'
import { TokensOrCookies } from './auth.ts'
import { Id, Line, Strict, Timestamp } from './common.ts'
import { cookieQuery } from './cookies.ts'
import { defineRoute, recentSignIn } from './route.ts'

export const PasskeyId = Id('psk')
const CeremonyId = Id('cer')

const base64url = (maxLength: number) => Type.String({ pattern: '^[A-Za-z0-9_-]+$', minLength: 1, maxLength })
/** For the browser, as `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` take them (WebAuthn, 5.1). */
const Options = Type.Object({
  ceremonyId: CeremonyId,
  options: Type.Object({}, { additionalProperties: true, description: 'for navigator.credentials, in JSON' }),
})

/** What `PublicKeyCredential.toJSON()` yields, whatever else a browser adds left out. */
const ofCredential = {
  id: base64url(1400),
  rawId: base64url(1400),
  type: Type.Enum(['public-key']),
  authenticatorAttachment: Type.Optional(Type.Enum(['platform', 'cross-platform'])),
  clientExtensionResults: Strict({ credProps: Type.Optional(Strict({ rk: Type.Optional(Type.Boolean()) })) }),
}

const Registration = Strict({
  ...ofCredential,
  response: Strict({
    clientDataJSON: base64url(4096),
    attestationObject: base64url(16_384),
    authenticatorData: Type.Optional(base64url(4096)),
    publicKey: Type.Optional(base64url(4096)),
    publicKeyAlgorithm: Type.Optional(Type.Integer({ minimum: -100_000, maximum: 100_000 })),
    transports: Type.Optional(
      Type.Array(Type.Enum(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']), { maxItems: 8 }),
    ),
  }),
})

const Assertion = Strict({
  ...ofCredential,
  response: Strict({
    clientDataJSON: base64url(4096),
    authenticatorData: base64url(4096),
    signature: base64url(4096),
    userHandle: base64url(128),
  }),
})

export const Passkey = Type.Object({
  id: PasskeyId,
  name: Type.String(),
  isBackedUp: Type.Boolean({ description: 'the device copies it to others' }),
  createdAt: Timestamp,
  lastUsedAt: Type.Optional(Timestamp),
})

export type Passkey = Static<typeof Passkey>

export const passkeyRegistrationOptionsRoute = defineRoute(
  'auth',
  'POST',
  '/v1/auth/passkeys/register/options',
  'account:manage',
  {
    summary: 'Begins to register a passkey; what it answers is good for five minutes, once',
    recent: recentSignIn,
    response: { 200: Options },
  },
)

export const registerPasskeyRoute = defineRoute('auth', 'POST', '/v1/auth/passkeys/register/verify', 'account:manage', {
  summary: 'Registers a passkey; an account has at most 20',
  recent: recentSignIn,
  body: Strict({ ceremonyId: CeremonyId, name: Line(80), credential: Registration }),
  response: { 201: Passkey },
})

export const passkeySignInOptionsRoute = defineRoute(
  'auth',
  'POST',
  '/v1/auth/passkeys/authenticate/options',
  'public',
  {
    summary: 'Begins to sign in with a passkey; nobody has to say first who he is',
    response: { 200: Options },
  },
)

export const passkeySignInRoute = defineRoute('auth', 'POST', '/v1/auth/passkeys/authenticate/verify', 'public', {
  summary: 'Signs in with a passkey, which counts as two factors',
  querystring: cookieQuery,
  body: Strict({ ceremonyId: CeremonyId, credential: Assertion }),
  response: { 200: TokensOrCookies },
})

export const listPasskeysRoute = defineRoute('auth', 'GET', '/v1/auth/passkeys', 'account:manage', {
  summary: 'One’s own passkeys',
  response: { 200: Type.Object({ items: Type.Array(Passkey) }) },
})

const params = Strict({ id: PasskeyId })

export const renamePasskeyRoute = defineRoute('auth', 'PATCH', '/v1/auth/passkeys/:id', 'account:manage', {
  summary: 'Gives a passkey another name',
  params,
  body: Strict({ name: Line(80) }),
  response: { 200: Passkey },
})

export const deletePasskeyRoute = defineRoute('auth', 'DELETE', '/v1/auth/passkeys/:id', 'account:manage', {
  summary: 'Removes a passkey; nobody gets in with it any more',
  recent: recentSignIn,
  params,
  response: { 204: Type.Null() },
})

export const passkeyRoutes = [
  passkeyRegistrationOptionsRoute,
  registerPasskeyRoute,
  passkeySignInOptionsRoute,
  passkeySignInRoute,
  listPasskeysRoute,
  renamePasskeyRoute,
  deletePasskeyRoute,
]
