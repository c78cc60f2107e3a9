import * as fc from 'fast-check'
import { fitting, hostile, type Pool } from './arbitrary.ts'
import type { Operation, Parameter } from './operations.ts'

export interface FuzzedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** So many of a hundred requests are as the document wants them. */
const wellFormed = 60
/** A client that waits for long says nothing more than one that waits for a moment. */
const shortWait = fc.constantFrom('wait=0', 'wait=1', 'respond-async', 'wait=x')
const headerText = /[^\x20-\x7e]/g

/** A request to a route: well formed in most cases, else with something wrong in one place or in several. */
export function requestTo(operation: Operation, pool: Pool): fc.Arbitrary<FuzzedRequest> {
  const { method, path, parameters, body } = operation
  return fc.integer({ min: 0, max: 99 }).chain((dice) => {
    const isGood = dice < wellFormed
    const valueOf = ({ name, schema }: Parameter): fc.Arbitrary<unknown> =>
      name === 'prefer' ? shortWait : isGood ? fitting(schema, pool) : fc.oneof(fitting(schema, pool), hostile)
    const valuesIn = (place: Parameter['in']) => {
      const of = parameters.filter((parameter) => parameter.in === place)
      const required = isGood || place === 'path' ? of.filter((one) => one.required === true || place === 'path') : []
      return fc.record(Object.fromEntries(of.map((one) => [one.name, valueOf(one)])), {
        requiredKeys: required.map(({ name }) => name),
      })
    }
    return fc
      .record({
        inPath: valuesIn('path'),
        query: valuesIn('query'),
        inHeader: valuesIn('header'),
        extraQuery: isGood ? fc.constant('') : fc.constantFrom('', 'a[$ne]=', '__proto__=1', '%', 'limit=1&limit=2'),
        payload: body === undefined ? fc.constant(undefined) : payloadOf(body, isGood, pool),
        mediaType: fc.constantFrom(
          body?.mediaType ?? 'application/json',
          ...(isGood ? [] : ['text/plain', 'application/xml']),
        ),
      })
      .map(({ inPath, query, inHeader, extraQuery, payload, mediaType }) => {
        const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encode(inPath[name]))
        const pairs = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`)
        const search = [...pairs, ...(extraQuery === '' ? [] : [extraQuery])].join('&')
        const headers = Object.entries(inHeader).map(([name, value]) => [
          name,
          asText(value).replace(headerText, '').slice(0, 4000),
        ])
        return {
          method,
          path: search === '' ? filled : `${filled}?${search}`,
          headers: {
            ...Object.fromEntries(headers),
            ...(payload !== undefined && { 'content-type': mediaType }),
          },
          body: payload,
        }
      })
  })
}

function payloadOf(
  { mediaType, schema }: NonNullable<Operation['body']>,
  isGood: boolean,
  pool: Pool,
): fc.Arbitrary<string> {
  if (mediaType !== 'application/json') {
    if (mediaType !== 'application/x-www-form-urlencoded') return fc.string({ unit: 'binary', maxLength: 2000 })
    return fitting(schema, pool).map((form) =>
      new URLSearchParams(Object.entries(Object(form)).map(([name, value]) => [name, asText(value)])).toString(),
    )
  }
  const json = fitting(schema, pool).map((value) => JSON.stringify(value))
  if (isGood) return json
  const spoilt = fc
    .record({
      value: fitting(schema, pool),
      name: fc.constantFrom(...Object.keys(schema.properties ?? {}), 'role', '__proto__', '$where'),
      wrong: hostile,
    })
    .map(({ value, name, wrong }) => JSON.stringify({ ...Object(value), [name]: wrong }))
  const broken = fc.constantFrom(
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{"a":1}}',
    '['.repeat(2000),
    'x'.repeat(70_000),
    '\ufeff{}',
  )
  return fc.oneof({ weight: 1, arbitrary: json }, { weight: 4, arbitrary: spoilt }, { weight: 1, arbitrary: broken })
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

/** In a path or a query; what is no text in UTF-8 is sent as the replacement character. */
function encode(value: unknown): string {
  return encodeURIComponent(asText(value).toWellFormed()) || '%20'
}
