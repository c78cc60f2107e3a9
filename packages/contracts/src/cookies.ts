import { Type } from 'typebox'
import { Strict } from './common.ts'

/** For pages, which cannot hold a token out of the reach of a script. The gateway makes a bearer token of the first. */
export const accessCookie = '__Host-tradewind-access'
export const refreshCookie = '__Host-tradewind-refresh'
/** Read by the page, and repeated in the header of the same name on whatever changes something. */
export const csrfCookie = '__Host-tradewind-csrf'
export const csrfHeader = 'x-csrf-token'
/** Says that this browser signed in before; it opens nothing. */
export const deviceCookie = '__Host-tradewind-device'
/** Which browser was sent to another provider. */
export const browserCookie = '__Host-tradewind-browser'

/** Asked for with each sign-in, so that one system serves pages and programs at the same time. */
export const cookieQuery = Strict({
  cookies: Type.Optional(Type.Enum(['true'], { description: 'sets cookies in place of showing tokens' })),
})

export const CookieSession = Type.Object({
  tokenType: Type.Literal('Cookie'),
  expiresIn: Type.Integer({ description: 'seconds until POST /v1/auth/refresh?cookies=true is due' }),
  csrfToken: Type.String({ description: `to be sent as \`${csrfHeader}\` with whatever changes something` }),
})
