import { defaultPageSize } from '@tradewind/contracts/common'
import { type Static, type TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { defineError } from './errors.ts'

export const InvalidCursor = defineError('INVALID_CURSOR', 'invalid', 'The cursor is not one that a page gave.')

/** A place in a sorted list as opaque text: base64url of its JSON. */
const encodeCursor = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url')

/** The place that `encodeCursor` was given. Throws `InvalidCursor` for anything that does not have the schema's shape. */
export function decodeCursor<T extends TSchema>(schema: T, cursor: string): Static<T> {
  const place = parse(cursor)
  if (!Check(schema, place)) throw refused()
  return place
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch (cause) {
    throw refused(cause)
  }
}

const refused = (cause?: unknown) =>
  InvalidCursor({}, { cause, errors: [{ pointer: '/query/cursor', detail: 'is not a cursor of this list' }] })

/** A page from a list that was read one item further, to see whether there are more. */
export function pageOf<T>(
  found: readonly T[],
  limit: number,
  placeOf: (item: T) => unknown,
): { items: T[]; nextCursor: string | null } {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: found.length > limit && last !== undefined ? encodeCursor(placeOf(last)) : null }
}

/** Where the next page is (RFC 8288), for the answer to this URL. Undefined after the last page, and for what is no page. */
export function nextPageLink(url: string, body: unknown): string | undefined {
  const cursor: unknown =
    typeof body === 'object' && body !== null && 'nextCursor' in body ? body.nextCursor : undefined
  if (typeof cursor !== 'string') return undefined
  const [path = '', query = ''] = url.split('?', 2)
  const next = new URLSearchParams(query)
  next.set('cursor', cursor)
  return `<${path}?${next.toString()}>; rel="next"`
}

/** Items of a page: what the client asked for, as text that its schema has checked, or the default. */
export const limitOf = (query: { readonly limit?: string }): number =>
  query.limit === undefined ? defaultPageSize : Number(query.limit)
