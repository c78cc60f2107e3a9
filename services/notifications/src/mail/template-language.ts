import mustache from 'mustache'
import type { Placeholders, Words } from '../domain/mail-template.ts'
import type { MailView } from '../domain/mail-view.ts'

export interface TemplateFault {
  /** Which of the three texts. */
  readonly part: keyof Words
  readonly detail: string
}

/** The language of templates: Mustache with sections and values, and nothing else of it. */
export interface TemplateLanguage {
  /** What makes these words unusable; nothing when they can be used. */
  readonly faults: (words: Words, placeholders: Placeholders) => TemplateFault[]
  /** Values are escaped in HTML. A subject is one line of text, whatever is in it. */
  readonly render: (words: Words, view: MailView) => Words
}

/** `[type, name or text, start, end, children]`, as the parser gives them. */
type Token = readonly unknown[]

const longestSubject = 200
const parts = ['subject', 'text', 'html'] as const

export const templateLanguage: TemplateLanguage = {
  faults: (words, placeholders) =>
    parts.flatMap((part) => {
      const detail = faultIn(words[part], placeholders, part === 'html')
      return detail === undefined ? [] : [{ part, detail }]
    }),
  render: ({ subject, text, html }, view) => ({
    subject: oneLine(renderPlain(subject, view)).slice(0, longestSubject),
    text: renderPlain(text, view),
    html: new mustache.Writer().render(html, view, undefined, { escape: mustache.escape }),
  }),
}

/** A writer of its own each time: the library's keeps every template it ever saw. */
const renderPlain = (template: string, view: MailView): string =>
  new mustache.Writer().render(template, view, undefined, { escape: String })

/** A line break in a header would begin another header. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()

function faultIn(template: string, placeholders: Placeholders, isHtml: boolean): string | undefined {
  try {
    return faultOf(new mustache.Writer().parse(template), [placeholders], isHtml)
  } catch (error) {
    if (error instanceof Error) return error.message
    throw error
  }
}

/** The placeholders that are in reach, the innermost section last. */
type Scopes = readonly Placeholders[]

function faultOf(tokens: readonly Token[], scopes: Scopes, isHtml: boolean): string | undefined {
  for (const token of tokens) {
    const fault = faultOfToken(token, scopes, isHtml)
    if (fault !== undefined) return fault
  }
  return undefined
}

function faultOfToken([type, value, at, , children]: Token, scopes: Scopes, isHtml: boolean): string | undefined {
  const name = String(value)
  const place = `at ${String(at)}`
  switch (type) {
    case 'text':
    case '!':
      return undefined
    case '&':
      return isHtml ? `{{{${name}}}} ${place} would not be escaped` : faultOfValue(name, scopes, place)
    case 'name':
      return faultOfValue(name, scopes, place)
    case '#':
    case '^': {
      const found = scopes.findLast((scope) => Object.hasOwn(scope, name))?.[name]
      if (found === undefined) return unknownPlaceholder(name, scopes, place)
      const inner = Array.isArray(children) ? children.filter((child) => Array.isArray(child)) : []
      if (found === 'value') return faultOf(inner, scopes, isHtml)
      // A list inside itself would grow with the square of an order.
      const outer = scopes.map((scope) => Object.fromEntries(Object.entries(scope).filter(([key]) => key !== name)))
      const own = Object.fromEntries(found.map((key) => [key, 'value' as const]))
      return faultOf(inner, [...outer, own], isHtml)
    }
    default:
      return `{{${String(type)}${name}}} ${place} is not supported`
  }
}

function faultOfValue(name: string, scopes: Scopes, place: string): string | undefined {
  const found = scopes.findLast((scope) => Object.hasOwn(scope, name))?.[name]
  if (found === undefined) return unknownPlaceholder(name, scopes, place)
  return found === 'value' ? undefined : `{{${name}}} ${place} is a section: write {{#${name}}} … {{/${name}}}`
}

const unknownPlaceholder = (name: string, scopes: Scopes, place: string): string =>
  `{{${name}}} ${place} is not known here; there are ${[...new Set(scopes.flatMap(Object.keys))].join(', ')}`
