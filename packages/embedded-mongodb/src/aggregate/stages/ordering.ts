import { compareStrings } from '../../bson/compare.ts'
import { encodeDocument } from '../../bson/encode.ts'
import { isNumeric, toNumber } from '../../bson/numbers.ts'
import type { Doc, Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { parseSort, Sorter } from '../../query/sort.ts'
import { type CompileStage, needStageDoc } from '../stage.ts'

export const sort: CompileStage = (operand, context) => {
  const source = needStageDoc('$sort', operand, 15973)
  if (source.size === 0) throw new CommandError(15976, '$sort stage must have at least one sort key')
  const fields = parseSort(source)
  return (input) => {
    const sorter = new Sorter<Doc>(fields, 0, context.collation?.compare ?? compareStrings)
    // The size of the first documents stands for that of all: it only guards memory.
    let seen = 0
    let size = 0
    for (const doc of input) {
      if (seen++ % 256 === 0) size = encodeDocument(doc).length
      sorter.add(doc, doc, size, context.textScores.get(doc) ?? 0)
    }
    return sorter.sorted()
  }
}

export function needWhole(name: string, operand: Value, least: number, code: number): number {
  if (!isNumeric(operand))
    throw new CommandError(code, `invalid argument to ${name} stage: Expected a number in: ${name}`)
  const number = toNumber(operand)
  if (!Number.isInteger(number))
    throw new CommandError(code, `invalid argument to ${name} stage: Expected an integer: ${name}: ${number}`)
  if (number < least) {
    throw new CommandError(
      name === '$limit' && number === 0 ? 15958 : code,
      name === '$limit' && number === 0
        ? 'the limit must be positive'
        : `invalid argument to ${name} stage: Expected a non-negative number in: ${name}: ${number}`,
    )
  }
  return number
}

export const limit: CompileStage = (operand) => {
  const most = needWhole('$limit', operand, 1, 5107201)
  return function* (input) {
    let given = 0
    for (const doc of input) {
      yield doc
      given += 1
      if (given >= most) return
    }
  }
}

export const skip: CompileStage = (operand) => {
  const least = needWhole('$skip', operand, 0, 5107200)
  return function* (input) {
    let seen = 0
    for (const doc of input) {
      seen += 1
      if (seen > least) yield doc
    }
  }
}

export const sample: CompileStage = (operand) => {
  const source = needStageDoc('$sample', operand, 28745)
  const size = source.get('size')
  if (!isNumeric(size) || !(toNumber(size) > 0))
    throw new CommandError(28747, 'size argument to $sample must be a positive integer')
  const wanted = Math.trunc(toNumber(size))
  return function* (input) {
    // Reservoir sampling: every document has the same chance, and no more than the sample is held.
    const kept: Doc[] = []
    let seen = 0
    for (const doc of input) {
      seen += 1
      if (kept.length < wanted) kept.push(doc)
      else {
        const at = Math.floor(Math.random() * seen)
        if (at < wanted) kept[at] = doc
      }
    }
    for (let i = kept.length - 1; i >= 0; i--) {
      const at = Math.floor(Math.random() * (i + 1))
      const [chosen] = kept.splice(at, 1)
      if (chosen !== undefined) yield chosen
    }
  }
}
