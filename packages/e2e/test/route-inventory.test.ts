import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { allRoutes } from '@tradewind/contracts/routes'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const tests = ['services/*/test/**/*.ts', 'services/*/src/**/*.test.ts', 'packages/*/test/**/*.ts']
const files = tests
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((file) => !file.endsWith('route-inventory.test.ts'))
  .map((file) => readFileSync(join(root, file), 'utf8'))

/** `'POST', '` or `POST `, with what the address begins with. */
const methodBefore = /\b(GET|POST|PUT|PATCH|DELETE)(?:['"`],\s*(?:['"`][^'"`]*)?| [^'"`\s]*)$/
/** `', 'POST'`. */
const methodAfter = /^['"`]?[^'"`]*['"`],\s*['"`](GET|POST|PUT|PATCH|DELETE)['"`]/
/** `post(`, `shop.post(`: whose name is the method. */
const calledMethod = /\b(get|post|put|patch|delete)$/i
const methodGiven = /\bmethod: ['"`](GET|POST|PUT|PATCH|DELETE)['"`]/
/** Longer than the arguments of a request. */
const mostCharacters = 800
const openers = '([{'
const closers = ')]}'

const patternOf = (segment: string) =>
  segment.startsWith(':')
    ? String.raw`(?:\$\{[^}]+\}|[\w.%-]+)`
    : segment.replaceAll(/[.\\+*?^$()[\]{}|]/g, String.raw`\$&`)

/** The nearest bracket that is open at a place, and where it closes. */
function enclosing(text: string, at: number): readonly [from: number, to: number] {
  let depth = 0
  let from = at - 1
  for (; from > at - mostCharacters && from > 0; from -= 1) {
    const char = text[from] ?? ''
    if (closers.includes(char)) depth += 1
    else if (openers.includes(char) && (depth -= 1) < 0) break
  }
  depth = 0
  let to = from + 1
  for (; to < at + mostCharacters && to < text.length; to += 1) {
    const char = text[to] ?? ''
    if (openers.includes(char)) depth += 1
    else if (closers.includes(char) && (depth -= 1) < 0) break
  }
  return [from, to]
}

/**
 * The method of the request in which a path stands: named beside it, among the arguments, or by the function. A path by
 * itself is taken for GET.
 */
function methodAt(text: string, at: number): string {
  const beside = methodBefore.exec(text.slice(Math.max(0, at - 120), at)) ?? methodAfter.exec(text.slice(at, at + 120))
  if (beside?.[1] !== undefined) return beside[1]
  const [from, to] = enclosing(text, at)
  const called = calledMethod.exec(text.slice(Math.max(0, from - 40), from))?.[1]
  return methodGiven.exec(text.slice(from, to))?.[1] ?? called?.toUpperCase() ?? 'GET'
}

/**
 * True when a test asks for the path by this method, with its parameters filled in: `/v1/orders/${id}/cancel`, or its end,
 * where what all paths of the test begin with stands elsewhere.
 */
function isNamed(method: string, path: string): boolean {
  const segments = path.slice(1).split('/')
  return segments.some((first, index) => {
    if (first.startsWith(':')) return false
    const end = segments.slice(index).map(patternOf).join('/')
    const place = new RegExp(`[/'\`]${end}(?![\\w/-]|\\$\\{)`, 'g')
    return files.some((text) => text.matchAll(place).some(({ index: at }) => methodAt(text, at) === method))
  })
}

/** Its last two parts stand in one variable: templates.test.ts of notifications. */
const namedByHelper = ['PUT /v1/notifications/templates/:template/:locale']

test.each(allRoutes.map(({ method, path }) => [method, path]))('a test names %s %s', (method, path) => {
  expect(namedByHelper.includes(`${method} ${path}`) || isNamed(method, path)).toBe(true)
})

test('a path that no test writes would be found out, and so would a method', () => {
  expect(isNamed('GET', '/v1/orders/:id/never-heard-of')).toBe(false)
  expect(isNamed('PATCH', '/v1/auth/login')).toBe(false)
})
