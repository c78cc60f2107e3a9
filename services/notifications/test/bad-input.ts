import { expect } from 'vitest'
import type { Method, Request, RunningService } from './running-service.ts'

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
