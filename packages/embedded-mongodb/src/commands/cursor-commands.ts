import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Command } from './command.ts'

export const getMore: Command = {
  name: 'getMore',
  fields: ['collection', 'batchSize', 'term', 'lastKnownCommittedOpTime'],
  run: ({ instance, fields, db }) => {
    const id = fields.get('getMore')
    if (typeof id !== 'bigint' && typeof id !== 'number') throw fields.wrongType('getMore', id ?? null, 'long')
    instance.opcounters.getmore += 1
    return instance.cursors.next(BigInt(id), `${db}.${fields.needString('collection')}`, fields.count('batchSize'))
  },
}

export const killCursors: Command = {
  name: 'killCursors',
  fields: ['cursors'],
  run: ({ instance, fields }) => {
    const ids = fields.array('cursors')
    if (ids === undefined) throw fields.missing('cursors')
    const killed: Value[] = []
    const unknown: Value[] = []
    for (const id of ids) {
      if (!isNumeric(id)) throw new CommandError('TypeMismatch', "BSON field 'killCursors.cursors' must hold longs")
      const wide = typeof id === 'bigint' ? id : BigInt(toNumber(id))
      if (instance.cursors.kill(wide)) killed.push(wide)
      else unknown.push(wide)
    }
    return Doc.from({ cursorsKilled: killed, cursorsNotFound: unknown, cursorsAlive: [], cursorsUnknown: [] })
  },
}
