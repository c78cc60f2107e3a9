import { defineError } from './errors.ts'

export const maxBodyBytes = 65_536
const maxBodyDepth = 32

const MalformedJson = defineError('MALFORMED_JSON', 'invalid', 'The body is not valid JSON in UTF-8.')
const BodyTooDeep = defineError('BODY_TOO_DEEP', 'invalid', `The body is nested more than ${maxBodyDepth} levels deep.`)
const ForbiddenKey = defineError(
  'FORBIDDEN_KEY',
  'invalid',
  'The body contains a key that is never accepted: `__proto__`, `constructor`, `prototype` or one that starts with `$`.',
)

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Parses a request body that may be hostile: strict UTF-8, bounded depth, no key that reaches a prototype or a query operator. */
export function parseJsonBody(bytes: Buffer): unknown {
  const text = decoded(bytes)
  refuseDepth(text)
  const value = parsed(text)
  refuseKeys(value, '')
  return value
}

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw MalformedJson({}, { cause })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw MalformedJson({}, { cause })
  }
}

/** Looks at the text, because a parser would already have paid for the nesting. */
function refuseDepth(text: string): void {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const char = text[index]
    if (inString) {
      if (char === '\\') index++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') {
      if (++depth > maxBodyDepth) throw BodyTooDeep()
    } else if (char === '}' || char === ']') depth--
  }
}

const reserved = new Set(['__proto__', 'constructor', 'prototype'])

function refuseKeys(value: unknown, pointer: string): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    value.forEach((item, index) => refuseKeys(item, `${pointer}/${index}`))
    return
  }
  for (const [key, item] of Object.entries(value)) {
    if (reserved.has(key) || key.startsWith('$'))
      throw ForbiddenKey({}, { errors: [{ pointer: `${pointer}/${key.slice(0, 100)}`, detail: 'is never accepted' }] })
    refuseKeys(item, `${pointer}/${key}`)
  }
}
