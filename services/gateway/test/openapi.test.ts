import { allRoutes } from '@tradewind/contracts/routes'
import { expect, test } from 'vitest'
import { createOpenApiDocument } from '../src/openapi.ts'

const document = await createOpenApiDocument(allRoutes)
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item ?? {}).map(([method, operation]) => ({
    path,
    method,
    operation: JSON.parse(JSON.stringify(operation)),
  })),
)

test('describes every route, with every status it answers, and nothing else', () => {
  const described = operations.map(({ method, path, operation }) => [
    `${method.toUpperCase()} ${path}`,
    Object.keys(operation.responses),
  ])
  const declared = allRoutes.map(({ method, path, schema }) => [
    `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    [...Object.keys(schema.response), 'default'],
  ])
  expect(Object.fromEntries(described)).toEqual(Object.fromEntries(declared))
  expect(described).toHaveLength(declared.length)
})

test('is a well-formed OpenAPI 3.1 document', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: expect.any(String), version: expect.any(String) } })
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length)
  for (const { path, operation } of operations) {
    expect(operation.summary).toEqual(expect.any(String))
    expect(operation.tags).toHaveLength(1)
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const parameters: { name: string; in: string; required: boolean; schema: object }[] = operation.parameters ?? []
    expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(inPath)
    for (const parameter of parameters) {
      expect(['path', 'query', 'header']).toContain(parameter.in)
      expect(parameter.schema).toEqual(expect.any(Object))
      expect(parameter.required || parameter.in !== 'path').toBe(true)
    }
    for (const response of Object.values<{ description: string; content?: object }>(operation.responses))
      expect(response.description).toEqual(expect.any(String))
    expect(Object.keys(operation.responses.default.content)).toEqual(['application/problem+json'])
  }
  const text = JSON.stringify(document)
  expect(text).not.toContain('"nullable"')
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, pointer = '']) => pointer.split('/'))
  for (const reference of references) expect(document).toHaveProperty(reference)
})

test('says which routes need a token', () => {
  for (const { method, path, operation } of operations) {
    const contract = allRoutes.find(
      (route) => route.method === method.toUpperCase() && route.path.replaceAll(/:(\w+)/g, '{$1}') === path,
    )
    const schemes = operation.security.flatMap((one: object) => Object.keys(one))
    expect(schemes[0]).toBe(contract?.access === 'public' ? undefined : 'bearer')
    const isPersonal = contract?.access === 'account:manage' || contract?.access === 'roles:write'
    expect([path, isPersonal && schemes.length > 1]).toEqual([path, false])
  }
  expect(document.components?.securitySchemes).toMatchObject({ bearer: {}, apiKey: {}, oauth: { type: 'oauth2' } })
})
