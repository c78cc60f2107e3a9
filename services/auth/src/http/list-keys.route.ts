import { jwksRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { PublicJwk } from '../crypto/signing-key.ts'

/** Short enough that a new key is seen well before tokens are signed with it. */
const cacheControl = 'public, max-age=300'

export const listKeys = (keys: readonly PublicJwk[]) =>
  implementRoute(jwksRoute, () => ({
    status: 200,
    body: { keys: keys.map((key) => ({ ...key })) },
    headers: { 'cache-control': cacheControl },
  }))
