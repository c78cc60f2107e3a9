import { type Static, Type } from 'typebox'
import { User } from './auth.ts'
import { Email, Id, Strict, UserId } from './common.ts'
import { defineEvent } from './event.ts'
import { NewPassword } from './password.ts'
import { defineQuery } from './query.ts'
import { defineRoute, recentSignIn } from './route.ts'

const GivenPassword = Type.String({ minLength: 1, maxLength: 256 })
/** As it stands in the mail. */
const MailToken = Type.String({ pattern: '^[A-Za-z0-9_.-]+$', minLength: 1, maxLength: 256 })

const NameOfPerson = Type.String({ minLength: 1, maxLength: 120, pattern: '^[^\\r\\n]*\\S[^\\r\\n]*$' })
const AccountLocale = Type.Enum(['en', 'de'])

export const verifyEmailRoute = defineRoute('auth', 'POST', '/v1/auth/verify-email', 'public', {
  summary: 'Shows that somebody reads mail at an address, by the token from the mail; good once, for a day',
  description: 'Where the mail was about a new address of an account, that is its address from now on.',
  body: Strict({ token: MailToken }),
  response: { 204: Type.Null() },
})

export const resendVerificationRoute = defineRoute('auth', 'POST', '/v1/auth/verify-email/resend', 'account:manage', {
  summary: 'Sends the mail that verifies one’s address again, at most once a minute',
  response: { 202: Type.Null() },
})

export const forgotPasswordRoute = defineRoute('auth', 'POST', '/v1/auth/password/forgot', 'public', {
  summary: 'Sends a mail with a way to a new password, if there is such an account; the answer does not say whether',
  body: Strict({ email: Email }),
  response: { 202: Type.Null() },
})

export const resetPasswordRoute = defineRoute('auth', 'POST', '/v1/auth/password/reset', 'public', {
  summary: 'Sets a new password by the token from the mail, and ends all sessions; good once, for half an hour',
  body: Strict({ token: MailToken, password: NewPassword }),
  response: { 204: Type.Null() },
})

export const changePasswordRoute = defineRoute('auth', 'POST', '/v1/auth/password/change', 'account:manage', {
  summary: 'Changes one’s password, which takes the present one, and ends all other sessions',
  body: Strict({ currentPassword: GivenPassword, password: NewPassword }),
  response: { 204: Type.Null() },
})

export const updateProfileRoute = defineRoute('auth', 'PATCH', '/v1/auth/me', 'account:manage', {
  summary: 'Changes one’s name and the language of one’s mails',
  body: Strict({ name: Type.Optional(NameOfPerson), locale: Type.Optional(AccountLocale) }),
  response: {
    200: Type.Object({ ...User.properties, emailVerified: Type.Boolean(), locale: Type.Optional(AccountLocale) }),
  },
})

export const changeEmailRoute = defineRoute('auth', 'POST', '/v1/auth/email', 'account:manage', {
  summary: 'Asks for another address; it is one’s own once the token of the mail that goes there is shown',
  description: 'The answer does not say whether somebody else has that address.',
  recent: recentSignIn,
  body: Strict({ email: Email }),
  response: { 202: Type.Null() },
})

export const deactivateRoute = defineRoute('auth', 'POST', '/v1/auth/deactivate', 'account:manage', {
  summary: 'Closes one’s own account: all sessions end, and nobody can sign in to it',
  recent: recentSignIn,
  body: Strict({ password: GivenPassword }),
  response: { 204: Type.Null() },
})

export const authAccountRoutes = [
  verifyEmailRoute,
  resendVerificationRoute,
  forgotPasswordRoute,
  resetPasswordRoute,
  changePasswordRoute,
  updateProfileRoute,
  changeEmailRoute,
  deactivateRoute,
]

export const AccountMailKind = Type.Enum([
  'verify-email',
  'reset-password',
  'password-changed',
  'email-changed',
  'second-factor-changed',
  'registration-attempted',
])
export type AccountMailKind = Static<typeof AccountMailKind>

export const MailId = Id('mal')

/**
 * Published when an account is to be written to. Address and link are asked for when the mail is written, so that no
 * stream holds them.
 */
export const MailRequestedV1 = defineEvent(
  'auth.mail.requested.v1',
  Type.Object({ userId: UserId, kind: AccountMailKind, mailId: MailId }),
)
/** Published when an address is shown to be its owner’s. */
export const UserVerifiedV1 = defineEvent('auth.user.verified.v1', Type.Object({ userId: UserId }))
/** Published when name, language, address or state of an account change. What they are now is asked for. */
export const UserUpdatedV1 = defineEvent('auth.user.updated.v1', Type.Object({ userId: UserId }))

/**
 * What a mail to an account says. Asked when it is written and when it is sent; null once it is worth nothing any more.
 * The token is made for the answer and stored nowhere.
 */
export const AccountMailQueryV1 = defineQuery(
  'query.auth.account-mail.v1',
  Type.Object({ userId: UserId, mailId: MailId }),
  Type.Object({
    mail: Type.Union([
      Type.Object({
        to: Type.String(),
        name: Type.String(),
        locale: Type.Optional(AccountLocale),
        /** A place to go to, or the token alone where the system does not know of a place. */
        link: Type.Optional(Type.String()),
      }),
      Type.Null(),
    ]),
  }),
)
