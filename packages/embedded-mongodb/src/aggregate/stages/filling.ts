import { Doc, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { namedOperands } from '../scope.ts'
import { type CompileStage, needStageDoc } from '../stage.ts'
import { addFields } from './shaping.ts'
import { setWindowFields } from './windows.ts'

const METHODS: Record<string, string> = { linear: '$linearFill', locf: '$locf' }

/** `$fill`: values for fields that are null or missing, given, carried on, or interpolated. */
export const fill: CompileStage = (operand, context) => {
  const source = needStageDoc('$fill', operand, 40201)
  namedOperands('$fill', source, ['output'], ['partitionBy', 'partitionByFields', 'sortBy'])
  const output = source.get('output')
  if (!(output instanceof Doc)) throw new CommandError('TypeMismatch', "BSON field '$fill.output' is the wrong type")
  const windows = new Doc()
  const given = new Doc()
  for (const [path, how] of output.entries()) addField(path, how, windows, given)
  const partitionBy = partitionOf(source)
  const sortBy = source.get('sortBy')
  if (
    windows.size > 0 &&
    sortBy === undefined &&
    [...windows.values].some((one) => one instanceof Doc && one.has('$linearFill'))
  ) {
    throw new CommandError(605001, "Cannot use linear fill without 'sortBy'")
  }
  const fillWindows =
    windows.size === 0 ? undefined : setWindowFields(Doc.from({ partitionBy, sortBy, output: windows }), context)
  const fillGiven = given.size === 0 ? undefined : addFields(given, context)
  return (input) => {
    const filled = fillWindows === undefined ? input : fillWindows(input)
    return fillGiven === undefined ? filled : fillGiven(filled)
  }
}

function addField(path: string, how: Value, windows: Doc, given: Doc): void {
  if (!(how instanceof Doc) || how.size !== 1) {
    throw new CommandError(6050202, "Each field in '$fill.output' must have exactly one of 'method' and 'value'")
  }
  const value = how.get('value')
  if (value !== undefined) {
    given.push(path, Doc.of('$ifNull', [`$${path}`, value]))
    return
  }
  const method = how.get('method')
  const name = typeof method === 'string' ? METHODS[method] : undefined
  if (name === undefined) throw new CommandError(6050202, "Method must be either 'locf' or 'linear'")
  windows.push(path, Doc.of(name, `$${path}`))
}

function partitionOf(source: Doc): Value | undefined {
  const fields = source.get('partitionByFields')
  const by = source.get('partitionBy')
  if (fields === undefined) return by
  if (by !== undefined) {
    throw new CommandError(6050204, "Maximum one of 'partitionBy' and 'partitionByFields can be specified in '$fill'")
  }
  return Array.isArray(fields) ? fields.map((field) => (typeof field === 'string' ? `$${field}` : field)) : by
}
