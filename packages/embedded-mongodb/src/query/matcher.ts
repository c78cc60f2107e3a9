import { compareStrings } from '../bson/compare.ts'
import type { Doc } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Collation } from './collation.ts'
import type { Node, TextSearch } from './filter.ts'
import { matches } from './match-node.ts'
import { type ExpressionTest, parseFilter } from './parse-filter.ts'
import { matchedPosition } from './traverse.ts'

export interface MatcherOptions {
  collation?: Collation | undefined
  expression?: ExpressionTest | undefined
}

/** A query, parsed once and asked of many documents. */
export class Matcher {
  readonly source: Doc
  readonly root: Node
  #paths: string[] | undefined
  #conjuncts: readonly Node[] | undefined

  constructor(source: Doc, root: Node) {
    this.source = source
    this.root = root
  }

  matches(doc: Doc): boolean {
    return matches(this.root, doc)
  }

  /** Every path that the query names. */
  get paths(): readonly string[] {
    if (this.#paths === undefined) {
      this.#paths = []
      collectPaths(this.root, this.#paths)
    }
    return this.#paths
  }

  /** Whether it may look at fields that it does not name. */
  get looksAtAll(): boolean {
    return looksAtAll(this.root)
  }

  get isEmpty(): boolean {
    return this.root.kind === 'and' && this.root.nodes.length === 0
  }

  /** The conditions that all have to hold. */
  get conjuncts(): readonly Node[] {
    this.#conjuncts ??= conjunctsOf(this.root)
    return this.#conjuncts
  }

  get text(): TextSearch | undefined {
    for (const node of this.conjuncts) if (node.kind === 'text') return node.search
    return undefined
  }

  /** The position that `$` stands for in an update or a projection; the last condition on an array decides. */
  position(doc: Doc): number | undefined {
    return positionIn(this.root, doc)
  }

  /** Only some conditions may decide what a partial index contains. */
  get isPartialIndexable(): boolean {
    return isPartialIndexable(this.root)
  }
}

export function compileFilter(filter: Doc, options: MatcherOptions): Matcher {
  const strings = options.collation?.compare ?? compareStrings
  const matcher = new Matcher(filter, parseFilter(filter, { strings, expression: options.expression, depth: 0 }))
  refuseTextWithin(matcher)
  return matcher
}

/** A text search finds documents by its index; as one condition among others it cannot be asked of a document. */
function refuseTextWithin({ conjuncts }: Matcher): void {
  for (const node of conjuncts) {
    if (node.kind === 'text' || !holdsText(node)) continue
    throw new CommandError(
      'NoQueryExecutionPlans',
      'error processing query: planner returned error :: caused by :: Failed to produce a solution for TEXT under OR - other non-TEXT clauses under OR have to be indexed as well.',
    )
  }
}

function holdsText(node: Node): boolean {
  if ('nodes' in node) return node.nodes.some(holdsText)
  return node.kind === 'not' ? holdsText(node.node) : node.kind === 'text'
}

export function conjunctsOf(node: Node): readonly Node[] {
  if (node.kind !== 'and') return [node]
  if (!node.nodes.some(({ kind }) => kind === 'and')) return node.nodes
  return node.nodes.flatMap((inner) => conjunctsOf(inner))
}

function collectPaths(node: Node, paths: string[]): void {
  if (node.kind === 'path') paths.push(node.path)
  else if (node.kind === 'not') collectPaths(node.node, paths)
  else if ('nodes' in node) for (const inner of node.nodes) collectPaths(inner, paths)
}

function looksAtAll(node: Node): boolean {
  if ('nodes' in node) return node.nodes.some(looksAtAll)
  return node.kind === 'not' ? looksAtAll(node.node) : node.kind === 'expr' || node.kind === 'text'
}

function positionIn(node: Node, doc: Doc): number | undefined {
  if (node.kind === 'path') return matchedPosition(doc, node.parts, 0, node.predicate)
  if (node.kind === 'and') {
    let found: number | undefined
    for (const inner of node.nodes) found = positionIn(inner, doc) ?? found
    return found
  }
  if (node.kind !== 'or') return undefined
  for (const inner of node.nodes) if (matches(inner, doc)) return positionIn(inner, doc)
  return undefined
}

function isPartialIndexable(node: Node): boolean {
  if (node.kind === 'and' || node.kind === 'or') return node.nodes.every(isPartialIndexable)
  return node.kind === 'path' && node.predicate.element === undefined
}
