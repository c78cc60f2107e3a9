import { hkdfSync } from 'node:crypto'
import { type TStringOptions, Type } from 'typebox'

const keyBytes = 32
/** An `id:key` pair whose key is 32 bytes in base64; several are separated by commas. */
const keyEntry = '[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}='

/** A setting that lists secret keys: `id:key,id:key`, at most ten. */
export const keyListSetting = (options: TStringOptions) =>
  Type.String({ ...options, pattern: `^${keyEntry}(,${keyEntry}){0,9}$` })

/** The fault of a list that names two keys alike, for the rules of a configuration. */
export function keyListFaults(variable: string, keyList: string): readonly string[] {
  const ids = keyList.split(',').map((entry) => entry.split(':', 1)[0])
  return new Set(ids).size === ids.length ? [] : [`${variable} names two keys alike`]
}

/** Keys by name, each good for one purpose. The first of the list is the one that new things are made with. */
export interface Keyring {
  readonly currentId: string
  /** Undefined for a key that is not configured any more. */
  readonly key: (id: string) => Buffer | undefined
}

/**
 * From `id:key,id:key`, with keys in base64. A key for each purpose is derived (RFC 5869), so that what is sealed or signed
 * for one is worth nothing for another. The purpose names the service, too: `tradewind auth signing keys`.
 */
export function createKeyring(keyList: string, purpose: string): Keyring {
  const keys = keyList.split(',').map((entry) => {
    const [id = '', key = ''] = entry.split(':', 2)
    return [id, Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64'), '', purpose, keyBytes))] as const
  })
  const byId = new Map(keys)
  return { currentId: keys[0]?.[0] ?? '', key: (id) => byId.get(id) }
}
