import { checkVariables } from '../aggregate/check-variables.ts'
import { compileExpression } from '../aggregate/expression.ts'
import { compareValues } from '../bson/compare.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { DateTime, Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Hint } from '../planner/plan.ts'
import type { Collation } from '../query/collation.ts'
import { compileFilter, type Matcher } from '../query/matcher.ts'
import type { Collection } from '../storage/collection.ts'
import type { Fields } from './fields.ts'

const EMPTY = new Doc()

/** The variables that expressions may name: `$$NOW`, and those of `let`. */
export function variablesOf(fields: Fields): ReadonlyMap<string, Value> {
  const letVariables = fields.doc('let')
  if (letVariables === undefined) return systemVariables()
  const variables = new Map(systemVariables())
  const scope = { root: EMPTY, variables }
  for (const [name, value] of letVariables.entries()) {
    variables.set(name, compileExpression(value)(scope) ?? null)
  }
  return variables
}

export function systemVariables(): ReadonlyMap<string, Value> {
  return new Map([['NOW', new DateTime(Date.now())]])
}

export function compileQuery(
  filter: Doc | undefined,
  collation: Collation | undefined,
  variables: () => ReadonlyMap<string, Value>,
): Matcher {
  return compileFilter(filter ?? EMPTY, {
    collation,
    expression: (expression) => {
      const evaluate = compileExpression(expression)
      const known = variables()
      checkVariables(expression, known.keys())
      return (doc) => isTruthy(evaluate({ root: doc, variables: known }))
    },
  })
}

export function isTruthy(value: Value | undefined): boolean {
  if (value === undefined || value === null || value === false) return false
  if (isNumeric(value)) return toNumber(value) !== 0
  return !(typeof value === 'object' && 'tag' in value && value.tag === 'undefined')
}

/** The collation of the command, else the collection's own. */
export function effectiveCollation(fields: Fields, collection: Collection | undefined): Collation | undefined {
  return fields.optional('collation') === undefined ? collection?.identity.collation : fields.collation()
}

export function resolveHint(collection: Collection, hint: Value | undefined): Hint | undefined {
  if (hint === undefined || (hint instanceof Doc && hint.size === 0)) return undefined
  if (typeof hint === 'string') {
    const index = collection.indexes.find(({ spec }) => spec.name === hint)
    if (index !== undefined) return { kind: 'index', index }
  } else if (hint instanceof Doc) {
    const natural = hint.get('$natural')
    if (natural !== undefined) return { kind: 'natural', reverse: isNumeric(natural) && toNumber(natural) < 0 }
    const index = collection.indexes.find(({ spec }) => compareValues(spec.keyPattern, hint) === 0)
    if (index !== undefined) return { kind: 'index', index }
  } else throw new CommandError('FailedToParse', 'Hint must be a string or an object')
  throw new CommandError(
    'BadValue',
    `error processing query: ns=${collection.ns} planner returned error :: caused by :: hint provided does not correspond to an existing index`,
  )
}
