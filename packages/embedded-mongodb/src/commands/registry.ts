import { Doc } from '../bson/values.ts'
import { backup, restore } from './backup.ts'
import { bulkWrite } from './bulk-write.ts'
import { collMod } from './coll-mod.ts'
import { create, drop, dropDatabase, listCollections, listDatabases, renameCollection } from './collections.ts'
import type { Command } from './command.ts'
import { count, distinct } from './count-distinct.ts'
import { getMore, killCursors } from './cursor-commands.ts'
import { deleteCommand } from './delete.ts'
import { aggregateOrExplain, explain } from './explain.ts'
import { find } from './find.ts'
import { findAndModify } from './find-and-modify.ts'
import { hello } from './hello.ts'
import { createIndexes, dropIndexes, listIndexes } from './indexes.ts'
import { insert } from './insert.ts'
import {
  compact,
  currentOp,
  dataSize,
  fsync,
  getDefaultRWConcern,
  getParameter,
  killOp,
  logRotate,
  planCacheClear,
  profile,
  replSetGetConfig,
  replSetGetStatus,
  rolesInfo,
  setParameter,
  top,
  usersInfo,
} from './maintenance.ts'
import {
  buildInfo,
  connectionStatus,
  getCmdLineOpts,
  getLog,
  hostInfo,
  ping,
  serverStatus,
  whatsmyuri,
} from './server-info.ts'
import {
  abortTransaction,
  commitTransaction,
  endSessions,
  killAllSessions,
  killAllSessionsByPattern,
  killSessions,
  refreshSessions,
  startSession,
} from './sessions.ts'
import { collStats, dbStats, validate } from './stats.ts'
import { update } from './update.ts'

const listCommands: Command = {
  name: 'listCommands',
  fields: [],
  run: () => {
    const commands = new Doc()
    for (const { name, adminOnly } of COMMANDS) {
      commands.push(name, Doc.from({ help: '', requiresAuth: false, secondaryOk: true, adminOnly: adminOnly === true }))
    }
    return Doc.of('commands', commands)
  },
}

/** Every command that the server knows. */
export const COMMANDS: readonly Command[] = [
  hello,
  ping,
  buildInfo,
  serverStatus,
  connectionStatus,
  whatsmyuri,
  hostInfo,
  getParameter,
  getLog,
  getCmdLineOpts,
  aggregateOrExplain,
  explain,
  bulkWrite,
  dbStats,
  collStats,
  validate,
  backup,
  restore,
  insert,
  find,
  getMore,
  killCursors,
  update,
  deleteCommand,
  findAndModify,
  count,
  distinct,
  createIndexes,
  listIndexes,
  dropIndexes,
  collMod,
  create,
  drop,
  dropDatabase,
  renameCollection,
  listCollections,
  listDatabases,
  commitTransaction,
  abortTransaction,
  startSession,
  endSessions,
  refreshSessions,
  killSessions,
  killAllSessions,
  killAllSessionsByPattern,
  setParameter,
  currentOp,
  killOp,
  top,
  fsync,
  dataSize,
  profile,
  planCacheClear,
  compact,
  logRotate,
  getDefaultRWConcern,
  usersInfo,
  rolesInfo,
  replSetGetStatus,
  replSetGetConfig,
  listCommands,
]
