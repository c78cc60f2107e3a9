import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { allRoutes } from '../src/routes.ts'

const named = allRoutes.map((route) => [`${route.method} ${route.path}`, route] as const)

test('no route is declared twice', () => {
  const names = named.map(([name]) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

test.each(named)('%s is versioned, says what it does and what it answers', (_name, { path, schema }) => {
  expect(path).toMatch(/^\/(v1\/|\.well-known\/)/)
  expect(schema.summary.length).toBeGreaterThan(5)
  expect(Object.keys(schema.response)).not.toHaveLength(0)
})

/** Places inside a schema where an object takes fields that it does not name. */
function openObjects(schema: TSchema, pointer = ''): string[] {
  const inner = Object.entries(schema).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? openObjects(value, `${pointer}/${key}`) : [],
  )
  const isOpen = 'type' in schema && schema.type === 'object' && !('additionalProperties' in schema)
  return isOpen ? [pointer, ...inner] : inner
}

test.each(named)('%s refuses fields that it does not name', (_name, { schema }) => {
  const parts = { body: schema.body, querystring: schema.querystring, params: schema.params }
  const open = Object.entries(parts).flatMap(([part, of]) => (of === undefined ? [] : openObjects(of, part)))
  expect(open).toEqual([])
})

/** Texts, lists and numbers without a bound. */
function unbounded(schema: TSchema, pointer = ''): string[] {
  const inner = Object.entries(schema).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? unbounded(value, `${pointer}/${key}`) : [],
  )
  if (!('type' in schema)) return inner
  const has = (...names: string[]) => names.some((name) => name in schema)
  const isUnbounded =
    (schema.type === 'string' && !has('maxLength', 'pattern', 'format', 'enum')) ||
    (schema.type === 'array' && !has('maxItems')) ||
    (schema.type === 'integer' && !(has('minimum') && has('maximum')))
  return isUnbounded ? [pointer, ...inner] : inner
}

test.each(named)('%s bounds everything that it takes', (_name, { schema }) => {
  const parts = { body: schema.body, querystring: schema.querystring, params: schema.params }
  const open = Object.entries(parts).flatMap(([part, of]) => (of === undefined ? [] : unbounded(of, part)))
  expect(open).toEqual([])
})
