import type { CompileStage, ShapingContext } from '../aggregate/stage.ts'
import { stageParts } from '../aggregate/stage-parts.ts'
import { addFields, project, replaceRoot, replaceWith, unset } from '../aggregate/stages/shaping.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Update } from './parse-update.ts'

const ALLOWED = new Map<string, CompileStage<ShapingContext>>([
  ['$addFields', addFields],
  ['$set', addFields],
  ['$project', project],
  ['$unset', unset],
  ['$replaceRoot', replaceRoot],
  ['$replaceWith', replaceWith],
])

/** An update written as a pipeline: the stages that reshape one document. */
export function parsePipelineUpdate(pipeline: readonly Value[], variables: ReadonlyMap<string, Value>): Update {
  const context = { variables, textScores: new WeakMap<Doc, number>() }
  const stages = pipeline.map((stage) => {
    const [name, operand] = stageParts(stage)
    const compile = ALLOWED.get(name)
    if (compile === undefined) {
      throw new CommandError('InvalidOptions', `${name} is not allowed to be used within an update`)
    }
    return compile(operand, context)
  })
  return {
    touched: undefined,
    touchedFields: undefined,
    needsPosition: false,
    kind: 'pipeline',
    apply: (doc) => {
      const id = doc.get('_id')
      const [out = new Doc()] = stages.reduce<Iterable<Doc>>((input, stage) => stage(input), [doc])
      if (id === undefined || out.has('_id')) return out
      return new Doc(['_id', ...out.keys], [id, ...out.values])
    },
  }
}
