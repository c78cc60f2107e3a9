import { decodeDocument } from '../bson/decode.ts'
import type { Collection } from '../storage/collection.ts'
import type { IndexTable } from '../storage/index-table.ts'
import { encodeKey } from '../storage/key-string.ts'
import { integerOf, prepareRows, rowOf } from '../storage/sqlite-file.ts'
import type { TextSearch } from './filter.ts'
import { foldText, indexedTexts, type Sensitivity, tokenize } from './text-search.ts'

interface Terms {
  /** The words as the index holds them. */
  indexed: string[]

  wanted: string[]
  excluded: string[]
  phrases: string[]
}

/** Words separate alternatives, a quoted phrase must occur, and a leading minus excludes. */
function parseSearch({ search, ...sensitivity }: TextSearch, language: string): Terms {
  const terms: Terms = { indexed: [], wanted: [], excluded: [], phrases: [] }
  for (const [, minus, phrase, word] of search.matchAll(/(-?)(?:"([^"]*)"|([^\s"]+))/g)) {
    const tokens = tokenize(phrase ?? word ?? '', language, sensitivity)
    if (minus === '-') terms.excluded.push(...tokens)
    else {
      terms.wanted.push(...tokens)
      terms.indexed.push(...tokenize(phrase ?? word ?? '', language))
      if (phrase !== undefined) terms.phrases.push(foldText(phrase, sensitivity))
    }
  }
  return terms
}

/** The records that contain a word of the search, each with its relevance. */
export function* textScores(
  collection: Collection,
  index: IndexTable,
  search: TextSearch,
): IterableIterator<{ rid: number; score: number }> {
  const language = search.language ?? index.spec.textLanguage
  const terms = parseSearch(search, language)
  const wanted = new Set(terms.wanted)
  const excluded = new Set(terms.excluded)
  const statement = prepareRows(collection.database, `SELECT rid FROM ${index.table} WHERE key = ?`)
  const recordsOf = (token: string): number[] =>
    statement.all(encodeKey([token], [false])).map((row) => integerOf(rowOf(row)?.[0]))
  for (const rid of new Set(terms.indexed.flatMap(recordsOf))) {
    const stored = collection.read(rid)
    if (stored === undefined) continue
    const texts = [...indexedTexts(decodeDocument(stored.bytes), index.spec)]
    const words = new Set(texts.flatMap(({ text }) => tokenize(text, language, search)))
    if (!wanted.values().some((word) => words.has(word)) || excluded.values().some((word) => words.has(word))) continue
    const isPhrased = terms.phrases.every((phrase) => texts.some(({ text }) => foldText(text, search).includes(phrase)))
    if (isPhrased) yield { rid, score: relevance(texts, wanted, language, search) }
  }
}

/** More occurrences weigh more, each less than the one before, and words of a short text more than of a long one. */
function relevance(
  texts: { text: string; weight: number }[],
  wanted: ReadonlySet<string>,
  language: string,
  sensitivity: Sensitivity,
): number {
  let score = 0
  for (const { text, weight } of texts) {
    const tokens = tokenize(text, language, sensitivity)
    const seen = new Map<string, number>()
    for (const token of tokens) if (wanted.has(token)) seen.set(token, (seen.get(token) ?? 0) + 1)
    for (const count of seen.values())
      score += weight * (2 - 2 ** (1 - count)) * (0.5 + 0.5 / Math.max(1, tokens.length))
  }
  return score
}
