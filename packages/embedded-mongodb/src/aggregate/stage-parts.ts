import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

/** The name and the operand of a stage. */
export function stageParts(stage: Value): [string, Value] {
  if (!(stage instanceof Doc))
    throw new CommandError('TypeMismatch', "Each element of the 'pipeline' array must be an object")
  const [name] = stage.keys
  if (stage.size !== 1 || name === undefined) {
    throw new CommandError(40323, 'A pipeline stage specification object must contain exactly one field.')
  }
  return [name, stage.values[0] ?? null]
}
