import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Keyring } from './keyring.ts'

/** Secrets that must be kept to be used, and that nobody can read who has only the database. */
export interface Seal {
  /** `<key id>.<iv, tag and text in base64url>`. The owner is part of the proof: what was sealed for one opens for no other. */
  readonly seal: (owner: string, secret: Buffer) => string
  /** Throws when anything of it was changed, and when the key is not configured any more. */
  readonly open: (owner: string, sealed: string) => Buffer
  /** False when the current key is another one than it was sealed with. */
  readonly isCurrent: (sealed: string) => boolean
}

const ivBytes = 12
const tagBytes = 16

/** Seals with AES-256-GCM under the current key of the ring. */
export function createSeal(keys: Keyring): Seal {
  const keyOf = (id: string): Buffer => {
    const key = keys.key(id)
    if (key === undefined) throw new Error(`a secret is sealed with key ${id}, which is not configured`)
    return key
  }
  return {
    seal: (owner, secret) => {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', keyOf(keys.currentId), iv).setAAD(Buffer.from(owner))
      const text = Buffer.concat([cipher.update(secret), cipher.final()])
      return `${keys.currentId}.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`
    },
    open: (owner, sealed) => {
      const [keyId = '', content = ''] = sealed.split('.', 2)
      const bytes = Buffer.from(content, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', keyOf(keyId), bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      })
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
      return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()])
    },
    isCurrent: (sealed) => sealed.startsWith(`${keys.currentId}.`),
  }
}
