import { listSigningKeysRoute, rotateSigningKeysRoute } from '@tradewind/contracts/access'
import { jwksRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ListedKey, SigningKeys } from '../store/signing-key.repository.ts'
import type { RotateSigningKey } from '../use-cases/rotate-signing-key.ts'
import type { NoteAction } from './note-action.ts'

/** Short enough that a new key is seen well before tokens are signed with it. */
const cacheControl = 'public, max-age=300'

export const listKeys = (keys: SigningKeys) =>
  implementRoute(jwksRoute, () => ({
    status: 200,
    body: { keys: keys.published().map(({ jwk }) => ({ ...jwk })) },
    headers: { 'cache-control': cacheControl },
  }))

const present = ({ kid, status, createdAt, signsFrom }: ListedKey) => ({
  kid,
  // One that is retired is gone with the next look at the keys.
  status: status === 'retired' ? ('retiring' as const) : status,
  createdAt: createdAt.toISOString(),
  signsFrom: signsFrom.toISOString(),
})

export const listSigningKeys = (keys: SigningKeys) =>
  implementRoute(listSigningKeysRoute, () => ({ status: 200, body: { items: keys.list().map(present) } }))

export const rotateSigningKeys = (rotate: RotateSigningKey, note: NoteAction) =>
  implementRoute(rotateSigningKeysRoute, async (asked) => {
    const key = await rotate()
    await note('key.rotated', asked, asked.caller.userId, { kid: key.kid })
    return { status: 202, body: present(key) }
  })
