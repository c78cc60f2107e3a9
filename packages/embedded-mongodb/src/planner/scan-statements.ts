import type { StatementSync } from 'node:sqlite'
import type { Collection } from '../storage/collection.ts'
import type { IndexTable } from '../storage/index-table.ts'
import { prepareRows } from '../storage/sqlite-file.ts'

/** Statements by direction and by chunk size. SQLite compiles a statement anew whenever a bound LIMIT changes. */
type Statements = Map<string, StatementSync>

const tableScans = new WeakMap<Collection, Statements>()
const indexScans = new WeakMap<IndexTable, Statements>()

function cached<Key extends object>(
  cache: WeakMap<Key, Statements>,
  key: Key,
  reverse: boolean,
  size: number,
  prepare: () => StatementSync,
): StatementSync {
  let statements = cache.get(key)
  if (statements === undefined) {
    statements = new Map()
    cache.set(key, statements)
  }
  const name = `${reverse ? '-' : '+'}${size}`
  let statement = statements.get(name)
  if (statement === undefined) {
    statement = prepare()
    statements.set(name, statement)
  }
  return statement
}

/** Takes the last record number seen; gives (rid, crc, doc) of the following ones. */
export function tableScan(collection: Collection, reverse: boolean, size: number): StatementSync {
  return cached(tableScans, collection, reverse, size, () => {
    const select = `SELECT rid, crc, doc FROM ${collection.table} WHERE rid`
    const order = reverse ? '< ? ORDER BY rid DESC' : '> ? ORDER BY rid'
    return prepareRows(collection.database, `${select} ${order} LIMIT ${size}`)
  })
}

/** Takes the last key and record seen and the end of the range; gives (rid, crc, doc, key) of the following ones. */
export function indexScan(collection: Collection, index: IndexTable, reverse: boolean, size: number): StatementSync {
  return cached(indexScans, index, reverse, size, () => {
    const select = `SELECT i.rid, c.crc, c.doc, i.key FROM ${index.table} i CROSS JOIN ${collection.table} c ON c.rid = i.rid`
    const range = reverse
      ? '(i.key, i.rid) < (?, ?) AND i.key >= ? ORDER BY i.key DESC, i.rid DESC'
      : '(i.key, i.rid) > (?, ?) AND i.key < ? ORDER BY i.key, i.rid'
    return prepareRows(collection.database, `${select} WHERE ${range} LIMIT ${size}`)
  })
}
