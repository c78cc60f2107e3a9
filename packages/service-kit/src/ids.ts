import { randomUUIDv7 } from 'node:crypto'

/** A new id: the prefix, an underscore and the 32 hexadecimal digits of a UUIDv7 (RFC 9562), so ids sort by time. */
export function newId(prefix: string): string {
  return `${prefix}_${randomUUIDv7().replaceAll('-', '')}`
}
