import { Type } from 'typebox'
import { MfaToken, PasswordSession } from './auth.ts'
import { Strict } from './common.ts'
import { cookieQuery } from './cookies.ts'
import { defineRoute, recentSignIn } from './route.ts'

/** Six digits of a code generator, or a recovery code as it was shown. */
const Code = Type.String({ pattern: '^([0-9]{6}|[A-Z2-7]{4}(-[A-Z2-7]{4}){3})$', maxLength: 19 })
const RecoveryCodes = Type.Object({
  recoveryCodes: Type.Array(Type.String(), { description: 'shown this once; each is good once, in place of a code' }),
})

export const showFactorsRoute = defineRoute('auth', 'GET', '/v1/auth/mfa', 'account:manage', {
  summary: 'Which second factors one’s account has',
  response: {
    200: Type.Object({
      totp: Type.Boolean(),
      recoveryCodesLeft: Type.Integer(),
      passkeys: Type.Integer(),
    }),
  },
})

export const enrolTotpRoute = defineRoute('auth', 'POST', '/v1/auth/mfa/totp/enroll', 'account:manage', {
  summary: 'Makes a secret for a code generator; it is asked for once a first code was verified',
  recent: recentSignIn,
  response: {
    200: Type.Object({
      secret: Type.String({ description: 'in base32, for typing' }),
      uri: Type.String({ description: '`otpauth://…`, for a QR code' }),
    }),
  },
})

export const verifyTotpRoute = defineRoute('auth', 'POST', '/v1/auth/mfa/totp/verify', 'account:manage', {
  summary: 'Shows a first code; from now on signing in takes one',
  recent: recentSignIn,
  body: Strict({ code: Type.String({ pattern: '^[0-9]{6}$', maxLength: 6 }) }),
  response: { 200: RecoveryCodes },
})

export const removeTotpRoute = defineRoute('auth', 'DELETE', '/v1/auth/mfa/totp', 'account:manage', {
  summary: 'Removes the code generator and the recovery codes',
  recent: recentSignIn,
  response: { 204: Type.Null() },
})

export const newRecoveryCodesRoute = defineRoute('auth', 'POST', '/v1/auth/mfa/recovery-codes', 'account:manage', {
  summary: 'Makes ten new recovery codes; the old ones are worth nothing from now on',
  recent: recentSignIn,
  response: { 200: RecoveryCodes },
})

export const answerChallengeRoute = defineRoute('auth', 'POST', '/v1/auth/mfa/challenge', 'public', {
  summary: 'Completes a sign-in with a code; a code is good once, and a sign-in has five tries',
  querystring: cookieQuery,
  body: Strict({ mfaToken: MfaToken, code: Code }),
  response: { 200: PasswordSession },
})

export const stepUpRoute = defineRoute('auth', 'POST', '/v1/auth/step-up', 'account:manage', {
  summary: 'Shows once more who one is, for an access token that opens what asks for a recent sign-in',
  description: 'With a code where the account has a second factor, else with the password.',
  body: Strict({
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    code: Type.Optional(Code),
  }),
  response: {
    200: Type.Object({ accessToken: Type.String(), tokenType: Type.Enum(['Bearer']), expiresIn: Type.Integer() }),
  },
})

export const mfaRoutes = [
  showFactorsRoute,
  enrolTotpRoute,
  verifyTotpRoute,
  removeTotpRoute,
  newRecoveryCodesRoute,
  answerChallengeRoute,
  stepUpRoute,
]
