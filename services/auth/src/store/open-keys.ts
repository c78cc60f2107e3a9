import { createKeyring } from '@tradewind/service-kit/keyring'
import { createSeal } from '@tradewind/service-kit/sealing'
import { createKeySet, type KeySource } from '@tradewind/service-kit/tokens'
import type { Db } from 'mongodb'
import { openSigningKeys, type SigningKeys } from './signing-key.repository.ts'

/** The life of an access token and a minute for clocks that differ. */
const keptMs = 660_000

/** The keys that sign, sealed with a key of the configuration. */
export const openKeys = (db: Db, secretKeys: string, now: () => Date): Promise<SigningKeys> =>
  openSigningKeys(db, { seal: createSeal(createKeyring(secretKeys, 'tradewind auth signing keys')), now, keptMs })

/** The public halves as a verifier in this process asks for them. */
export function publicKeysOf(keys: SigningKeys): KeySource {
  return { publicKey: (kid) => createKeySet(keys.published().map(({ jwk }) => jwk)).publicKey(kid) }
}
