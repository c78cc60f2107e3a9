import { expect } from 'vitest'
import type { Method, Request, RunningService } from './running-service.ts'

type Kind = 'text' | 'integer' | 'list' | 'object'

/** Values that are not of a kind, among them those that a lenient server would bend until they fit. */
const wrong: Readonly<Record<Kind, readonly unknown[]>> = {
  text: [null, true, 2, ['a'], {}, ''],
  integer: [null, true, '2', [3], 1.5, 1e300, {}],
  list: [null, true, 'a', 1, {}, []],
  object: [null, true, 'a', 1, []],
}

/** What clients add who hope that it is believed. */
const extras = { role: 'operator', userId: 'usr_1', isAdmin: true, version: 7, outbox: [] }

export interface BadBody {
  readonly name: string
  readonly body: unknown
  readonly pointer: string
}

/** Each field of a good body with values of other kinds, each required one missing, and fields that nobody asked for. */
export function badBodies(
  good: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Kind>>,
  required: readonly string[],
): BadBody[] {
  const bent = Object.entries(fields).flatMap(([field, kind]) =>
    wrong[kind].map((value) => ({
      name: `${field} ${JSON.stringify(value)}`,
      body: { ...good, [field]: value },
      pointer: `/${field}`,
    })),
  )
  const missing = required.map((field) => {
    const { [field]: _left, ...rest } = good
    return { name: `no ${field}`, body: rest, pointer: `/${field}` }
  })
  const added = Object.entries(extras).map(([field, value]) => ({
    name: `with ${field}`,
    body: { ...good, [field]: value },
    pointer: `/${field}`,
  }))
  return [...bent, ...missing, ...added, { name: 'a list', body: [good], pointer: '' }]
}

/** Bodies that are refused before anybody looks at their fields. */
export const hostileBodies: readonly (readonly [name: string, body: string, code: string])[] = [
  ['half of a JSON text', '{"a":', 'MALFORMED_JSON'],
  ['an operator of the database', '{"a":{"$gt":""}}', 'FORBIDDEN_KEY'],
  ['code for the database', '{"$where":"sleep(1000)"}', 'FORBIDDEN_KEY'],
  ['a prototype', '{"__proto__":{"isOperator":true}}', 'FORBIDDEN_KEY'],
  ['a constructor', '{"constructor":{"prototype":{"isOperator":true}}}', 'FORBIDDEN_KEY'],
]

/** The code of a problem, and the pointers of its faults without repetition. */
export function faultsIn(body: unknown): { code: string; pointers: string[] } {
  const problem: { code: string; errors?: { pointer: string }[] } = JSON.parse(JSON.stringify(body))
  return { code: problem.code, pointers: [...new Set((problem.errors ?? []).map(({ pointer }) => pointer))] }
}

/** Expects problem details with a code, and a database that is as it was. Returns the pointers. */
export async function expectRefusal(
  service: RunningService,
  [method, url, request = {}]: readonly [method: Method, url: string, request?: Request],
  status: number,
  code: string,
): Promise<string[]> {
  const before = await service.contents()
  const answer = await service.request(method, url, request)
  expect(answer).toMatchObject({ status, body: { status, code, title: expect.any(String) } })
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(await service.contents()).toEqual(before)
  return faultsIn(answer.body).pointers
}

/** Query strings that no list takes: `[text, pointer]`. */
export const badPages: readonly (readonly [query: string, pointer: string])[] = [
  ['limit=0', '/query/limit'],
  ['limit=101', '/query/limit'],
  ['limit=-1', '/query/limit'],
  ['limit=1.5', '/query/limit'],
  ['limit=1e1', '/query/limit'],
  ['limit=', '/query/limit'],
  ['limit=5&limit=6', '/query/limit'],
  ['cursor=', '/query/cursor'],
  ['cursor=a.b', '/query/cursor'],
  [`cursor=${'a'.repeat(513)}`, '/query/cursor'],
  ['a[$ne]=1', '/query/a[$ne]'],
  ['limit[$gt]=1', '/query/limit[$gt]'],
  ['__proto__=1', '/query/__proto__'],
  ['$where=1', '/query/$where'],
]

/** Cursors that have the right letters and the wrong content. */
export const forgedCursors: readonly string[] = [
  null,
  1,
  '',
  'a',
  [],
  {},
  ['a'],
  [1, 2],
  [null, null],
  ['x', 'y', 'z'],
].map((place) => Buffer.from(JSON.stringify(place)).toString('base64url'))
