import { compareStrings } from '../../bson/compare.ts'
import { displayDoc } from '../../bson/display.ts'
import { Doc, type Value } from '../../bson/values.ts'
import { CommandError, inContext } from '../../errors.ts'
import { parseProjection } from '../../query/projection.ts'
import { compileExpression } from '../expression.ts'
import { type Expression, type Scope, typeOrMissing } from '../scope.ts'
import { type CompileStage, needStageDoc, type ShapingContext, type Stage } from '../stage.ts'

function mapping(context: ShapingContext, apply: (doc: Doc) => Doc): Stage {
  return function* (input) {
    for (const doc of input) {
      const out = apply(doc)
      const score = context.textScores.get(doc)
      if (score !== undefined) context.textScores.set(out, score)
      yield out
    }
  }
}

export const project: CompileStage<ShapingContext> = (operand, context) => {
  const source = needStageDoc('$project', operand, 15969)
  if (source.size === 0)
    throw new CommandError(
      51272,
      'Invalid $project :: caused by :: projection specification must have at least one field',
    )
  return projecting('$project', source, context)
}

function projecting(name: '$project' | '$unset', source: Doc, context: ShapingContext): Stage {
  const { variables } = context
  const projection = inContext(`Invalid ${name}`, () => {
    return parseProjection(source, { isFind: false, strings: compareStrings, variables })
  })
  return mapping(context, (doc) =>
    projection.apply(doc, { position: undefined, textScore: context.textScores.get(doc) ?? 0, variables }),
  )
}

export const unset: CompileStage<ShapingContext> = (operand, context) => {
  const paths = Array.isArray(operand) ? operand : [operand]
  if (paths.length === 0)
    throw new CommandError(31119, '$unset specification must be a string or an array with at least one field')
  const source = new Doc()
  for (const path of paths) {
    if (typeof path !== 'string') {
      throw new CommandError(31002, '$unset specification must be a string or an array containing only string values')
    }
    source.push(path, 0)
  }
  return projecting('$unset', source, context)
}

interface Additions {
  fields: Map<string, Additions | Expression>
}

export const addFields: CompileStage<ShapingContext> = (operand, context) => {
  const additions = inContext('Invalid $addFields', () =>
    parseAdditions(needStageDoc('$addFields', operand, 40272), context),
  )
  const { variables } = context
  return mapping(context, (doc) => addTo(doc, additions, { root: doc, variables }))
}

function parseAdditions(source: Doc, context: ShapingContext): Additions {
  const additions: Additions = { fields: new Map() }
  for (const [path, value] of source.entries()) {
    const parts = path.split('.')
    if (parts.includes('')) throw new CommandError(40353, "FieldPath must not end with a '.'.")
    if (parts.some((part) => part.startsWith('$'))) {
      throw new CommandError(
        16410,
        "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
      )
    }
    putAddition(additions, parts, value, context)
  }
  return additions
}

function putAddition(additions: Additions, parts: readonly string[], value: Value, context: ShapingContext): void {
  const [part = '', ...rest] = parts
  const existing = additions.fields.get(part)
  const isNested =
    rest.length > 0 || (value instanceof Doc && value.size > 0 && value.keys[0]?.startsWith('$') === false)
  if (!isNested) {
    if (existing !== undefined) throw new CommandError(40176, 'specification contains two conflicting paths')
    additions.fields.set(part, compileExpression(value))
    return
  }
  if (typeof existing === 'function') {
    throw new CommandError(40176, 'specification contains two conflicting paths')
  }
  const inner = existing ?? { fields: new Map() }
  additions.fields.set(part, inner)
  if (rest.length > 0) putAddition(inner, rest, value, context)
  else if (value instanceof Doc)
    for (const [key, nested] of value.entries()) putAddition(inner, key.split('.'), nested, context)
}

function addTo(doc: Doc, additions: Additions, scope: Scope): Doc {
  const out = doc.copy()
  for (const [key, addition] of additions.fields) {
    if (typeof addition === 'function') {
      const value = addition(scope)
      if (value === undefined) out.delete(key)
      else out.set(key, value)
    } else out.set(key, addWithin(out.get(key), addition, scope))
  }
  return out
}

function addWithin(value: Value | undefined, additions: Additions, scope: Scope): Value {
  if (Array.isArray(value)) return value.map((element) => addWithin(element, additions, scope))
  return addTo(value instanceof Doc ? value : new Doc(), additions, scope)
}

export const replaceWith: CompileStage<ShapingContext> = (operand, context) => {
  const evaluate = compileExpression(operand)
  const { variables } = context
  return mapping(context, (doc) => {
    const value = evaluate({ root: doc, variables })
    if (value instanceof Doc) return value
    throw new CommandError(
      40228,
      `'newRoot' expression must evaluate to an object, but resulting value was: ${value === undefined ? 'MISSING' : ''}. Type of resulting value: '${typeOrMissing(value)}'. Input document: ${displayDoc(doc)}`,
    )
  })
}

export const replaceRoot: CompileStage<ShapingContext> = (operand, context) => {
  const source = needStageDoc('$replaceRoot', operand, 40229)
  const newRoot = source.get('newRoot')
  if (newRoot === undefined)
    throw new CommandError('IDLFailedToParse', "BSON field '$replaceRoot.newRoot' is missing but a required field")
  return replaceWith(newRoot, context)
}

export const unwind: CompileStage<ShapingContext> = (operand) => {
  if (typeof operand !== 'string' && !(operand instanceof Doc)) {
    throw new CommandError(
      15981,
      `expected either a string or an object as specification for $unwind stage, got ${typeOrMissing(operand)}`,
    )
  }
  const source = operand instanceof Doc ? operand : Doc.of('path', operand)
  for (const key of source.keys) {
    if (!['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays'].includes(key)) {
      throw new CommandError(28811, `unrecognized option to $unwind stage: ${key}`)
    }
  }
  const path = source.get('path')
  if (path === undefined) throw new CommandError(28812, 'no path specified to $unwind stage')
  if (typeof path !== 'string')
    throw new CommandError(28808, `expected a string as the path for $unwind stage, got ${typeOrMissing(path)}`)
  if (!path.startsWith('$'))
    throw new CommandError(28818, `path option to $unwind stage should be prefixed with a '$': ${path}`)
  const parts = path.slice(1).split('.')
  const index = source.get('includeArrayIndex')
  if (index !== undefined && (typeof index !== 'string' || index === ''))
    throw new CommandError(28810, 'expected a non-empty string for the includeArrayIndex  option to $unwind stage')
  if (typeof index === 'string' && index.startsWith('$')) {
    throw new CommandError(
      28822,
      `includeArrayIndex option to $unwind stage should not be prefixed with a '$': ${index}`,
    )
  }
  const preserve = source.get('preserveNullAndEmptyArrays') ?? false
  if (typeof preserve !== 'boolean') {
    throw new CommandError(28809, 'expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage')
  }
  return function* (input) {
    for (const doc of input)
      yield* unwindDoc(doc, parts, typeof index === 'string' ? index.split('.') : undefined, preserve)
  }
}

function* unwindDoc(doc: Doc, parts: readonly string[], index: string[] | undefined, preserve: boolean): Iterable<Doc> {
  const value = valueAt(doc, parts)
  const emit = (next: Value | undefined, at: Value): Doc => {
    const replaced = withValue(doc, parts, next)
    return index === undefined ? replaced : withValue(replaced, index, at)
  }
  if (Array.isArray(value)) {
    if (value.length === 0 && preserve) yield emit(undefined, null)
    let at = 0n
    for (const element of value) yield emit(element, at++)
  } else if (value === undefined || value === null) {
    if (preserve) yield index === undefined ? doc : withValue(doc, index, null)
  } else yield index === undefined ? doc : withValue(doc, index, null)
}

function valueAt(doc: Doc, parts: readonly string[]): Value | undefined {
  let value: Value | undefined = doc
  for (const part of parts) value = value instanceof Doc ? value.get(part) : undefined
  return value
}

/** A copy of the document in which the value at the path is another, or gone. */
export function withValue(doc: Doc, parts: readonly string[], value: Value | undefined): Doc {
  const [part = '', ...rest] = parts
  const out = doc.copy()
  if (rest.length > 0) {
    const inner = out.get(part)
    if (value === undefined && !(inner instanceof Doc)) return out
    out.set(part, withValue(inner instanceof Doc ? inner : new Doc(), rest, value))
  } else if (value === undefined) out.delete(part)
  else out.set(part, value)
  return out
}

const REDACT = ['KEEP', 'PRUNE', 'DESCEND']

export const redact: CompileStage<ShapingContext> = (operand, context) => {
  const evaluate = compileExpression(operand)
  const decide = (doc: Doc): Doc | undefined => {
    const decision = evaluate({ root: doc, variables: context.variables })
    const name = decision instanceof Object && 'pattern' in decision ? decision.pattern : ''
    if (!REDACT.includes(name)) {
      throw new CommandError(17053, '$redact must resolve to $$DESCEND, $$KEEP or $$PRUNE')
    }
    if (name === 'PRUNE') return undefined
    if (name === 'KEEP') return doc
    const out = new Doc()
    for (const [key, value] of doc.entries()) {
      const kept = descend(value)
      if (kept !== undefined) out.push(key, kept)
    }
    return out
  }
  const descend = (value: Value): Value | undefined => {
    if (value instanceof Doc) return decide(value)
    return Array.isArray(value) ? value.map(descend).filter((element) => element !== undefined) : value
  }
  return function* (input) {
    for (const doc of input) {
      const kept = decide(doc)
      if (kept !== undefined) yield kept
    }
  }
}
