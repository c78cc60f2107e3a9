import { Doc, type Value } from '../bson/values.ts'
import type { IndexSpec } from '../storage/index-spec.ts'
import { STOP_WORDS, stem } from './stem.ts'

const WORD = /[\p{L}\p{N}_]+(?:'[\p{L}]+)?/gu
/** Words in one document beyond this number are not indexed. */
const MAX_TOKENS = 20_000

/** What is told apart beyond what the index tells apart, which is neither case nor diacritics. */
export interface Sensitivity {
  caseSensitive: boolean
  diacriticSensitive: boolean
}

const INSENSITIVE: Sensitivity = { caseSensitive: false, diacriticSensitive: false }

export function foldText(text: string, { caseSensitive, diacriticSensitive }: Sensitivity): string {
  const marked = diacriticSensitive ? text.normalize('NFC') : text.normalize('NFD').replace(/\p{M}/gu, '')
  return caseSensitive ? marked : marked.toLowerCase()
}

/** Splits text into stems, without stop words when the language is English. */
export function tokenize(text: string, language: string, sensitivity = INSENSITIVE): string[] {
  const tokens: string[] = []
  for (const [word] of foldText(text, sensitivity).matchAll(WORD)) {
    const plain = word.replace(/'.*$/, '')
    if (language === 'english' || language === 'en') {
      if (!STOP_WORDS.has(plain.toLowerCase())) tokens.push(stem(plain))
    } else tokens.push(plain)
    if (tokens.length >= MAX_TOKENS) break
  }
  return tokens
}

/** Every text value that the index covers, with its weight. */
export function* indexedTexts(doc: Doc, spec: IndexSpec): IterableIterator<{ text: string; weight: number }> {
  const weights = spec.textWeights ?? new Map<string, number>()
  const everything = weights.get('$**')
  if (everything !== undefined) for (const text of textsWithin(doc)) yield { text, weight: everything }
  for (const [path, weight] of weights) {
    if (path !== '$**') for (const text of textsAt(doc, path.split('.'), 0)) yield { text, weight }
  }
}

export function textIndexTokens(doc: Doc, spec: IndexSpec): Set<string> {
  const tokens = new Set<string>()
  for (const { text } of indexedTexts(doc, spec)) {
    for (const token of tokenize(text, spec.textLanguage)) tokens.add(token)
  }
  return tokens
}

function* textsAt(value: Value | undefined, parts: readonly string[], at: number): IterableIterator<string> {
  if (Array.isArray(value)) for (const element of value) yield* textsAt(element, parts, at)
  else if (at === parts.length) {
    if (typeof value === 'string') yield value
  } else if (value instanceof Doc) yield* textsAt(value.get(parts[at] ?? ''), parts, at + 1)
}

function* textsWithin(value: Value): IterableIterator<string> {
  if (typeof value === 'string') yield value
  else if (Array.isArray(value)) for (const element of value) yield* textsWithin(element)
  else if (value instanceof Doc) for (const element of value.values) yield* textsWithin(element)
}
