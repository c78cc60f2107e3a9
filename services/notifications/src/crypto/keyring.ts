import { hkdfSync } from 'node:crypto'

const keyBytes = 32

/** Keys by name, each good for one purpose. The first of the list is the one that new things are made with. */
export interface Keyring {
  readonly currentId: string
  /** Undefined for a key that is not configured any more. */
  readonly key: (id: string) => Buffer | undefined
}

/**
 * From `id:key,id:key`, with keys in base64. A key for each purpose is derived (RFC 5869), so that what is signed for one
 * is worth nothing for another.
 */
export function createKeyring(keyList: string, purpose: string): Keyring {
  const keys = keyList.split(',').map((entry) => {
    const [id = '', key = ''] = entry.split(':', 2)
    const info = `tradewind notifications ${purpose}`
    return [id, Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64'), '', info, keyBytes))] as const
  })
  const byId = new Map(keys)
  return { currentId: keys[0]?.[0] ?? '', key: (id) => byId.get(id) }
}
