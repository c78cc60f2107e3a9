import { compareValues } from '../bson/compare.ts'
import { isNumeric } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Collection } from '../storage/collection.ts'
import type { IndexTable } from '../storage/index-table.ts'
import type { Command } from './command.ts'

/** Changes the expiry of a TTL index, or hides an index. Validators and views are outside of the scope. */
export const collMod: Command = {
  name: 'collMod',
  writes: true,
  fields: [
    'index',
    'validator',
    'validationLevel',
    'validationAction',
    'viewOn',
    'pipeline',
    'cappedSize',
    'cappedMax',
  ],
  run: ({ instance, fields, db }) => {
    const name = fields.needString('collMod')
    const collection = instance.catalog.get(db, name)
    if (collection === undefined) throw new CommandError('NamespaceNotFound', `ns does not exist: ${db}.${name}`)
    const change = fields.doc('index')
    const stranger = fields.body.keys.find((key) =>
      ['validator', 'viewOn', 'pipeline', 'cappedSize', 'cappedMax'].includes(key),
    )
    if (stranger !== undefined)
      throw new CommandError('NotImplemented', `collMod option '${stranger}' is not supported`)
    if (change === undefined) return new Doc()
    const index = findIndex(collection, change)
    const source = index.spec.source.copy()
    const reply = new Doc()
    const seconds = change.get('expireAfterSeconds')
    if (seconds !== undefined) {
      if (!isNumeric(seconds))
        throw new CommandError('TypeMismatch', "BSON field 'collMod.index.expireAfterSeconds' must be a number")
      replaceOption(source, reply, 'expireAfterSeconds', seconds)
    }
    const hidden = change.get('hidden')
    if (typeof hidden === 'boolean') replaceOption(source, reply, 'hidden', hidden)
    instance.catalog.respecify(collection, index, source)
    return reply
  },
}

function findIndex(collection: Collection, change: Doc): IndexTable {
  const name = change.get('name')
  const pattern = change.get('keyPattern')
  const index = collection.indexes.find(({ spec }) =>
    typeof name === 'string'
      ? spec.name === name
      : pattern instanceof Doc && compareValues(spec.keyPattern, pattern) === 0,
  )
  if (index === undefined)
    throw new CommandError(
      'IndexNotFound',
      `cannot find index ${typeof name === 'string' ? name : ''} for ns ${collection.ns}`,
    )
  return index
}

function replaceOption(source: Doc, reply: Doc, option: string, value: Value): void {
  const old = source.get(option) ?? (option === 'hidden' ? false : undefined)
  if (old !== undefined) reply.push(`${option}_old`, old)
  reply.push(`${option}_new`, value)
  source.set(option, value)
}
