import type { Doc, Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import type { Collation } from '../query/collation.ts'

/** What the stages of one pipeline share. */
export interface PipelineContext {
  instance: Instance
  db: string
  /** The collection that the pipeline reads. */
  collection: string
  variables: ReadonlyMap<string, Value>
  collation: Collation | undefined
  deadlineMs: number | undefined
  /** Pipelines within pipelines, so that nesting has an end. */
  depth: number
  textScores: WeakMap<Doc, number>
  /** Parses a pipeline within this one. Given here so that stages and pipelines do not import each other in a circle. */
  subPipeline: (stages: readonly Value[], context: PipelineContext) => Pipeline
  /** Documents of a collection, found through its indexes as far as the pipeline's first stages allow. */
  readThrough: (db: string, collection: string, stages: readonly Value[], context: PipelineContext) => Iterable<Doc>
}

export type Pipeline = (input: Iterable<Doc>) => Iterable<Doc>

/** One compiled stage. */
export type Stage = (input: Iterable<Doc>) => Iterable<Doc>

export type CompileStage<Context = PipelineContext> = (operand: Value, context: Context) => Stage

/** What the stages need that reshape documents one by one. */
export type ShapingContext = Pick<PipelineContext, 'variables' | 'textScores'>

export function needStageDoc(name: string, operand: Value, code: number): Doc {
  if (typeof operand === 'object' && operand !== null && 'tag' in operand && operand.tag === 'object') return operand
  throw new CommandError(code, `the ${name} stage specification must be an object`)
}
