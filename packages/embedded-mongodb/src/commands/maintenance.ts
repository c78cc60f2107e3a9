import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { setParameter as change, FIXED_PARAMETERS, type Parameters } from '../parameters.ts'
import type { Collection } from '../storage/collection.ts'
import type { Command, Invocation } from './command.ts'

/** What tools send at connect or for upkeep, and what a server without users, replicas and query plans to cache answers. */

function needCollection({ instance, db, fields }: Invocation, field: string): Collection {
  const name = fields.collectionIn(db, field)
  const collection = instance.catalog.get(db, name)
  if (collection === undefined) throw new CommandError('NamespaceNotFound', `ns does not exist: ${db}.${name}`)
  return collection
}

export const setParameter: Command = {
  name: 'setParameter',
  adminOnly: true,
  fields: undefined,
  run: ({ instance, body }) => {
    const named = [...body.entries()].filter(([key]) => !key.startsWith('$') && !GENERIC.has(key))
    const [first] = named
    if (first === undefined)
      throw new CommandError('InvalidOptions', 'no option found to set, use help:true to see options ')
    let was: Value = null
    for (const [name, value] of named) was = change(instance.parameters, name, value)
    return Doc.of('was', was)
  },
}

const GENERIC = new Set(['setParameter', 'getParameter', 'lsid', 'comment', 'maxTimeMS', 'apiVersion', 'allParameters'])

export const getParameter: Command = {
  name: 'getParameter',
  adminOnly: true,
  fields: undefined,
  run: ({ instance, fields, body }) => {
    const known = knownParameters(instance.parameters)
    const which = fields.get('getParameter')
    if (
      which === '*' ||
      (which instanceof Doc && which.get('allParameters') === true) ||
      fields.bool('allParameters')
    ) {
      return known
    }
    const out = new Doc()
    for (const name of body.keys) {
      const value = GENERIC.has(name) ? undefined : known.get(name)
      if (value !== undefined) out.push(name, value)
    }
    if (out.size === 0) throw new CommandError('InvalidOptions', 'no option found to get')
    return out
  },
}

function knownParameters(parameters: Parameters): Doc {
  return Doc.from({
    ...FIXED_PARAMETERS,
    featureCompatibilityVersion: Doc.of('version', '8.0'),
    ttlMonitorEnabled: parameters.ttlMonitorEnabled,
    ttlMonitorSleepSecs: parameters.ttlMonitorSleepSecs,
  })
}

/** Commands run one after another: whoever asks finds nothing else at work. */
export const currentOp: Command = {
  name: 'currentOp',
  adminOnly: true,
  fields: undefined,
  run: () => Doc.of('inprog', []),
}

export const killOp: Command = {
  name: 'killOp',
  adminOnly: true,
  fields: ['op'],
  run: () => Doc.of('info', 'attempting to kill op'),
}

export const top: Command = {
  name: 'top',
  adminOnly: true,
  fields: [],
  run: ({ instance }) => {
    const totals = Doc.of('note', 'all times in microseconds')
    for (const { ns } of instance.catalog.all()) totals.push(ns, Doc.of('total', Doc.from({ time: 0n, count: 0n })))
    return Doc.of('totals', totals)
  },
}

/** Every write is on disk when it is acknowledged, so there is nothing left to do; locking is not offered. */
export const fsync: Command = {
  name: 'fsync',
  adminOnly: true,
  writes: true,
  fields: ['lock', 'async', 'fsyncLockAcquisitionTimeoutMillis'],
  run: ({ fields }) => {
    if (fields.bool('lock')) throw new CommandError('NotImplemented', "fsync option 'lock' is not supported")
    return Doc.of('numFiles', 1)
  },
}

export const dataSize: Command = {
  name: 'dataSize',
  aliases: ['datasize'],
  fields: ['keyPattern', 'min', 'max', 'estimate'],
  run: ({ instance, fields, name }) => {
    const ns = fields.needString(name)
    const dot = ns.indexOf('.')
    const collection = instance.catalog.get(ns.slice(0, Math.max(0, dot)), ns.slice(dot + 1))
    for (const option of ['keyPattern', 'min', 'max']) {
      if (fields.optional(option) !== undefined) {
        throw new CommandError('NotImplemented', `dataSize option '${option}' is not supported`)
      }
    }
    const { count, bytes } = collection?.totals() ?? { count: 0, bytes: 0 }
    return Doc.from({ estimate: fields.bool('estimate'), size: BigInt(bytes), numObjects: BigInt(count), millis: 0n })
  },
}

/** There is no profiler: level 0 is all there is. */
export const profile: Command = {
  name: 'profile',
  fields: ['slowms', 'sampleRate', 'filter'],
  run: ({ fields }) => {
    const level = fields.get('profile')
    if (level !== -1 && level !== 0) throw new CommandError('NotImplemented', 'the profiler is not supported')
    return Doc.from({ was: 0, slowms: 100, sampleRate: 1 })
  },
}

/** Plans are chosen anew for each query. */
export const planCacheClear: Command = {
  name: 'planCacheClear',
  fields: ['query', 'sort', 'projection', 'collation'],
  run: (invocation) => (invocation.fields.collectionIn(invocation.db, 'planCacheClear'), new Doc()),
}

export const compact: Command = {
  name: 'compact',
  fields: ['force', 'freeSpaceTargetMB', 'dryRun'],
  run: (invocation) => {
    needCollection(invocation, 'compact')
    return Doc.of('bytesFreed', 0n)
  },
}

export const logRotate: Command = { name: 'logRotate', adminOnly: true, fields: [], run: () => new Doc() }

export const getDefaultRWConcern: Command = {
  name: 'getDefaultRWConcern',
  adminOnly: true,
  fields: ['inMemory'],
  run: () => Doc.from({ defaultReadConcern: Doc.of('level', 'local') }),
}

/** There are no users and no roles. */
export const usersInfo: Command = {
  name: 'usersInfo',
  fields: ['showCredentials', 'showCustomData', 'showPrivileges', 'showAuthenticationRestrictions', 'filter'],
  run: () => Doc.of('users', []),
}

export const rolesInfo: Command = {
  name: 'rolesInfo',
  fields: ['showPrivileges', 'showBuiltinRoles', 'showAuthenticationRestrictions'],
  run: () => Doc.of('roles', []),
}

function withoutReplication(name: string): Command {
  return {
    name,
    adminOnly: true,
    fields: ['initialSync'],
    run: () => {
      throw new CommandError('NoReplicationEnabled', 'not running with --replSet')
    },
  }
}

export const replSetGetStatus = withoutReplication('replSetGetStatus')
export const replSetGetConfig = withoutReplication('replSetGetConfig')
