import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { allRoutes } from '@tradewind/contracts/routes'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const tests = ['services/*/test/**/*.ts', 'services/*/src/**/*.test.ts', 'packages/*/test/**/*.ts']
const written = tests
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')

const patternOf = (segment: string) =>
  segment.startsWith(':')
    ? String.raw`(\$\{[^}]+\}|[\w.%-]+)`
    : segment.replaceAll(/[.\\+*?^$()[\]{}|]/g, String.raw`\$&`)

/**
 * True when a test writes the path, its parameters filled in: `/v1/orders/${id}/cancel`, or its end, where what all paths of
 * the test begin with stands elsewhere. Methods are not told apart.
 */
function isNamed(path: string): boolean {
  const segments = path.slice(1).split('/')
  return segments.some((first, index) => {
    if (first.startsWith(':')) return false
    const end = segments.slice(index).map(patternOf).join('/')
    return new RegExp(`[/'\`]${end}(?![\\w/-]|\\$\\{)`).test(written)
  })
}

/** Written as what follows a path that a helper begins with: passkeys.test.ts of auth. */
const namedByHelper = ['/v1/auth/passkeys', '/v1/auth/passkeys/:id']

test.each(allRoutes.map(({ method, path }) => [`${method} ${path}`, path]))('a test names %s', (_name, path) => {
  expect(namedByHelper.includes(path) || isNamed(path)).toBe(true)
})

test('a path that no test writes would be found out', () => {
  expect(isNamed(`/v1/orders/:id/${['never', 'heard', 'of'].join('-')}`)).toBe(false)
})
