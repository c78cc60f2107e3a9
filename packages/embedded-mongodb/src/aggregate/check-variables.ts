import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

const BUILT_IN: readonly string[] = [
  'NOW',
  'ROOT',
  'CURRENT',
  'REMOVE',
  'KEEP',
  'PRUNE',
  'DESCEND',
  'CLUSTER_TIME',
  'USER_ROLES',
  'SEARCH_META',
]

/** Refuses an expression that names a variable which nothing defines, before any document is read. */
export function checkVariables(expression: Value, known: Iterable<string>): void {
  check(expression, new Set([...BUILT_IN, ...known]))
}

function check(expression: Value, known: ReadonlySet<string>): void {
  if (typeof expression === 'string') checkReference(expression, known)
  else if (Array.isArray(expression)) for (const element of expression) check(element, known)
  else if (expression instanceof Doc) {
    for (const [key, value] of expression.entries()) {
      if (key === '$literal') continue
      if (value instanceof Doc && isBinding(key)) checkBinding(key, value, known)
      else check(value, known)
    }
  }
}

function checkReference(text: string, known: ReadonlySet<string>): void {
  if (!text.startsWith('$$')) return
  const name = text.slice(2).split('.')[0] ?? ''
  if (name !== '' && !known.has(name)) throw new CommandError(17276, `Use of undefined variable: ${name}`)
}

type Binding = '$let' | '$map' | '$filter' | '$reduce'

function isBinding(key: string): key is Binding {
  return key === '$let' || key === '$map' || key === '$filter' || key === '$reduce'
}

/** The parts that see the variables which the operator binds. */
const INNER: Record<Binding, readonly string[]> = {
  $let: ['in'],
  $map: ['in'],
  $filter: ['cond'],
  $reduce: ['in'],
}

function checkBinding(operator: Binding, operand: Doc, known: ReadonlySet<string>): void {
  const inner = new Set([...known, ...boundNames(operator, operand)])
  for (const [key, value] of operand.entries()) {
    if (key !== 'as') check(value, INNER[operator].includes(key) ? inner : known)
  }
}

function boundNames(operator: Binding, operand: Doc): string[] {
  if (operator === '$reduce') return ['this', 'value']
  if (operator === '$let') {
    const vars = operand.get('vars')
    return vars instanceof Doc ? vars.keys : []
  }
  const as = operand.get('as')
  return [typeof as === 'string' ? as : 'this']
}
