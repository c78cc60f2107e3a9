import type { Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Update } from './parse-update.ts'

export function parsePipelineUpdate(pipeline: readonly Value[], variables: ReadonlyMap<string, Value>): Update {
  throw new CommandError('NotImplemented', `pipeline updates are not there yet: ${pipeline.length} ${variables.size}`)
}
