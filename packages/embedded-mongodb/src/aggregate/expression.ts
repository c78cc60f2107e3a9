import type { Doc, Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

export interface Scope {
  root: Doc
  variables: ReadonlyMap<string, Value>
}
export type Expression = (doc: Value | undefined, scope: Scope) => Value | undefined
export function compileExpression(expression: Value): Expression {
  throw new CommandError('NotImplemented', `expressions are not there yet: ${typeof expression}`)
}
