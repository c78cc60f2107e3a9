import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { decodeCursor, InvalidCursor, nextPageLink, pageOf } from '../src/cursor.ts'

describe('a page', () => {
  const found = ['a', 'b', 'c']

  test('has a cursor when more was found than asked for', () => {
    const { items, nextCursor } = pageOf(found, 2, (item) => [item])
    expect(items).toEqual(['a', 'b'])
    expect(decodeCursor(Type.Tuple([Type.String()]), nextCursor ?? '')).toEqual(['b'])
  })

  test('has none at the end', () => {
    expect(pageOf(found, 3, (item) => item)).toEqual({ items: found, nextCursor: null })
  })

  test('names the next one by link, with everything else that was asked for', () => {
    const link = nextPageLink('/v1/orders?status=confirmed&limit=2&cursor=old', { items: [], nextCursor: 'new' })
    expect(link).toBe('</v1/orders?status=confirmed&limit=2&cursor=new>; rel="next"')
    expect(nextPageLink('/v1/orders', { items: [], nextCursor: 'new' })).toBe('</v1/orders?cursor=new>; rel="next"')
  })

  test.each([{ items: [], nextCursor: null }, { id: 'ord_1' }, null, 'text'])('has no link in %j', (body) => {
    expect(nextPageLink('/v1/orders', body)).toBeUndefined()
  })
})

test.each(['', 'x', Buffer.from('[1]').toString('base64url'), Buffer.from('{').toString('base64url')])(
  'the forged cursor %j is refused',
  (cursor) => {
    expect(() => decodeCursor(Type.Tuple([Type.String()]), cursor)).toThrow(
      expect.objectContaining({ code: InvalidCursor.code }),
    )
  },
)
