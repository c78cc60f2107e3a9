import { Regex, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

const OPTIONS = new Set(['i', 'm', 's', 'x', 'u'])

/** Turns a PCRE pattern with the server's options into a regular expression of this language. */
export function compileRegex(pattern: string, options: string): RegExp {
  let flags = ''
  let extended = false
  for (const option of options) {
    if (!OPTIONS.has(option)) throw new CommandError(51108, `invalid flag in regex options: ${option}`)
    if (option === 'x') extended = true
    else if (option !== 'u' && !flags.includes(option)) flags += option
  }
  let source = pattern
  const inline = /^\(\?([imsx]+)\)/.exec(source)
  if (inline !== null) {
    source = source.slice(inline[0].length)
    for (const option of inline[1] ?? '') {
      if (option === 'x') extended = true
      else if (!flags.includes(option)) flags += option
    }
  }
  if (extended) source = withoutWhitespace(source)
  return build(fromPcre(source), flags, pattern)
}

function build(source: string, flags: string, pattern: string): RegExp {
  // Unicode mode counts characters as the server does, but refuses escapes that PCRE lets pass.
  for (const mode of [`${flags}u`, flags]) {
    try {
      return new RegExp(source, mode)
    } catch (error) {
      if (mode === flags) {
        throw new CommandError(51091, `Regular expression is invalid: ${pattern}: ${String(error)}`)
      }
    }
  }
  throw new CommandError(51091, `Regular expression is invalid: ${pattern}`)
}

function fromPcre(source: string): string {
  return source
    .replace(/\\A/g, '^')
    .replace(/\\[zZ]/g, '$')
    .replace(/\\h/g, '[ \\t]')
    .replace(/\(\?P</g, '(?<')
    .replaceAll('[[:alpha:]]', '[A-Za-z]')
    .replaceAll('[[:digit:]]', '[0-9]')
    .replaceAll('[[:alnum:]]', '[A-Za-z0-9]')
    .replaceAll('[[:space:]]', '\\s')
    .replace(/([*+?}])\+/g, '$1')
}

function withoutWhitespace(source: string): string {
  let out = ''
  let inClass = false
  for (let i = 0; i < source.length; i++) {
    const char = source[i] ?? ''
    if (char === '\\') out += char + (source[++i] ?? '')
    else if (inClass || !/[\s#]/.test(char)) {
      if (char === '[') inClass = true
      if (char === ']') inClass = false
      out += char
    } else if (char === '#') while (i < source.length && source[i] !== '\n') i++
  }
  return out
}

const LITERAL_PREFIX = /^\^((?:[^\\^$.|?*+()[\]{}]|\\[^\w\s])*)/

/** The text with which every match begins, when the pattern is anchored and case-sensitive. */
export function literalPrefix(regex: Regex): string | undefined {
  if (/[imx]/.test(regex.options) || regex.pattern.includes('|') || regex.pattern.startsWith('(?')) return undefined
  const match = LITERAL_PREFIX.exec(regex.pattern)
  if (match === null) return undefined
  const literal = match[1] ?? ''
  const next = regex.pattern[match[0].length] ?? ''
  // A quantifier makes the last character optional.
  const sure = '?*{'.includes(next) && next !== '' ? literal.replace(/\\?.$/u, '') : literal
  const prefix = sure.replace(/\\(.)/g, '$1')
  return prefix === '' ? undefined : prefix
}

export function regexTest(regex: Regex): (value: Value | undefined) => boolean {
  const compiled = compileRegex(regex.pattern, regex.options)
  return (value) => {
    if (typeof value === 'string') return compiled.test(value)
    return value instanceof Regex && value.pattern === regex.pattern && value.options === regex.options
  }
}
