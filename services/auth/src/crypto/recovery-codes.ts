import { createHmac, randomInt, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '@tradewind/service-kit/keyring'

/** Codes for whoever lost the second factor: 80 random bits each, kept as keyed hashes. */
export interface RecoveryCodes {
  readonly create: () => { readonly codes: readonly string[]; readonly hashes: readonly string[] }
  /** The hash among these that the code belongs to. */
  readonly find: (code: string, hashes: readonly string[]) => string | undefined
}

const count = 10
const groups = 4
const groupLength = 4
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const randomGroup = () => Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join('')
const randomCode = () => Array.from({ length: groups }, randomGroup).join('-')

export function createRecoveryCodes(keys: Keyring): RecoveryCodes {
  const hash = (keyId: string, code: string): string | undefined => {
    const key = keys.key(keyId)
    return key && `${keyId}.${createHmac('sha256', key).update(code).digest('base64url')}`
  }
  return {
    create: () => {
      const codes = Array.from({ length: count }, randomCode)
      return { codes, hashes: codes.flatMap((code) => hash(keys.currentId, code) ?? []) }
    },
    find: (code, hashes) =>
      hashes.find((known) => {
        const given = hash(known.split('.', 1)[0] ?? '', code)
        return (
          given !== undefined &&
          given.length === known.length &&
          timingSafeEqual(Buffer.from(given), Buffer.from(known))
        )
      }),
  }
}
