import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Operation } from './operations.ts'

export interface FuzzedAnswer {
  readonly status: number
  readonly mediaType: string
  readonly text: string
}

const withoutBody = new Set([204, 304])

/** Says what is wrong with an answer by the route's own description; undefined when nothing is. */
export function createJudge() {
  const ajv = new Ajv2020({ strict: false, allErrors: false })
  addFormats.default(ajv)
  const compiled = new Map<object, ValidateFunction>()

  function faultIn(schema: object, body: unknown): string | undefined {
    let validate = compiled.get(schema)
    if (validate === undefined) {
      validate = ajv.compile(schema)
      compiled.set(schema, validate)
    }
    return validate(body) ? undefined : ajv.errorsText(validate.errors)
  }

  return ({ responses, path }: Operation, { status, mediaType, text }: FuzzedAnswer): string | undefined => {
    if (status >= 500) return `answered ${status}: ${text.slice(0, 300)}`
    const described = responses[String(status)]
    if (described === undefined && status < 400) return `answered ${status}, which it does not describe`
    if (withoutBody.has(status)) return text === '' ? undefined : `answered ${status} with a body`
    const [found] = Object.entries((described ?? responses['default'])?.content ?? {})
    if (found === undefined) return text === '' ? undefined : `answered ${status} with a body that it does not describe`
    const [expected, { schema = {} }] = found
    // Forms are answered as RFC 6749 has it.
    if (status >= 400 && path.startsWith('/oauth/')) return undefined
    if (expected === '*/*') return undefined
    if (!mediaType.startsWith(expected)) return `answered ${status} as ${mediaType}, not ${expected}`
    try {
      const fault = faultIn(schema, JSON.parse(text))
      return fault === undefined ? undefined : `answered ${status} outside its schema: ${fault}: ${text.slice(0, 300)}`
    } catch (error) {
      return `answered ${status} with what is no JSON: ${String(error)}`
    }
  }
}
