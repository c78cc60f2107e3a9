import os from 'node:os'
import process from 'node:process'
import { DateTime, Doc, Double } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import type { Command } from './command.ts'
import { MAX_DOCUMENT_BYTES } from './statements.ts'

/** The server whose behaviour this one follows. */
const VERSION = '8.0.0'

export const ping: Command = { name: 'ping', fields: [], run: () => new Doc() }

export const buildInfo: Command = {
  name: 'buildInfo',
  aliases: ['buildinfo'],
  fields: [],
  run: () =>
    Doc.from({
      version: VERSION,
      gitVersion: 'tradewind-embedded',
      modules: [],
      allocator: 'system',
      javascriptEngine: 'none',
      sysInfo: 'deprecated',
      versionArray: [8, 0, 0, 0],
      openssl: Doc.from({ running: 'disabled', compiled: 'disabled' }),
      buildEnvironment: new Doc(),
      bits: 64,
      debug: false,
      maxBsonObjectSize: MAX_DOCUMENT_BYTES,
      storageEngines: ['sqlite'],
    }),
}

export const serverStatus: Command = {
  name: 'serverStatus',
  fields: [
    'asserts',
    'connections',
    'network',
    'opcounters',
    'repl',
    'metrics',
    'locks',
    'wiredTiger',
    'mem',
    'extra_info',
    'globalLock',
    'opLatencies',
    'storageEngine',
    'transactions',
    'tcmalloc',
    'logicalSessionRecordCache',
    'latchAnalysis',
    'flowControl',
    'sharding',
    'security',
    'electionMetrics',
    'oplog',
    'mirroredReads',
  ],
  run: ({ instance }) => statusOf(instance),
}

/** Latencies are not measured. */
const NO_LATENCY = Doc.from({ latency: 0n, ops: 0n })

function statusOf(instance: Instance): Doc {
  const uptimeMs = Date.now() - instance.startedAt
  const memory = process.memoryUsage()
  const { flushes, acknowledged, checkpoints, failures } = instance.commit.counts
  const long = (counts: Record<string, number>): Doc =>
    Doc.from(Object.fromEntries(Object.entries(counts).map(([key, value]) => [key, BigInt(Math.round(value))])))
  return Doc.from({
    host: `${os.hostname()}:${instance.port}`,
    version: VERSION,
    process: 'mongod',
    service: [],
    pid: BigInt(process.pid),
    uptime: new Double(Math.floor(uptimeMs / 1000)),
    uptimeMillis: BigInt(uptimeMs),
    uptimeEstimate: BigInt(Math.floor(uptimeMs / 1000)),
    localTime: new DateTime(Date.now()),
    asserts: Doc.from({ regular: 0, warning: 0, msg: 0, user: 0, tripwire: 0, rollovers: 0 }),
    connections: Doc.from({
      current: instance.connections.current,
      available: MAX_CONNECTIONS - instance.connections.current,
      totalCreated: instance.connections.totalCreated,
      active: instance.connections.current,
    }),
    extra_info: Doc.from({ note: 'fields vary by platform', page_faults: 0 }),
    globalLock: Doc.from({
      totalTime: BigInt(uptimeMs * 1000),
      currentQueue: Doc.from({ total: 0, readers: 0, writers: 0 }),
      activeClients: Doc.from({ total: 0, readers: 0, writers: 0 }),
    }),
    locks: new Doc(),
    logicalSessionRecordCache: Doc.from({ activeSessionsCount: 0 }),
    network: long(instance.network),
    opLatencies: Doc.from({ reads: NO_LATENCY, writes: NO_LATENCY, commands: NO_LATENCY, transactions: NO_LATENCY }),
    opcounters: long(instance.opcounters),
    opcountersRepl: long({ insert: 0, query: 0, update: 0, delete: 0, getmore: 0, command: 0 }),
    security: new Doc(),
    transactions: long({
      currentActive: 0,
      currentInactive: 0,
      currentOpen: 0,
      totalStarted: 0,
      totalCommitted: 0,
      totalAborted: 0,
    }),
    storageEngine: Doc.from({ name: 'sqlite', supportsCommittedReads: true, persistent: true, readOnly: false }),
    mem: Doc.from({
      bits: 64,
      resident: Math.round(memory.rss / 1048576),
      virtual: Math.round(memory.rss / 1048576),
      supported: true,
    }),
    metrics: Doc.from({
      document: long({ ...instance.documents, returned: instance.cursors.returned }),
      cursor: Doc.from({
        timedOut: BigInt(instance.cursors.timedOut),
        open: long({ noTimeout: 0, pinned: 0, total: instance.cursors.count }),
      }),
      ttl: long(instance.ttl),
    }),
    durability: long({ flushes, acknowledgedWrites: acknowledged, checkpoints, failures }),
  })
}

export const MAX_CONNECTIONS = 10_000

export const connectionStatus: Command = {
  name: 'connectionStatus',
  fields: ['showPrivileges'],
  run: ({ fields }) =>
    Doc.of(
      'authInfo',
      Doc.from({
        authenticatedUsers: [],
        authenticatedUserRoles: [],
        authenticatedUserPrivileges: fields.bool('showPrivileges') ? [] : undefined,
      }),
    ),
}

export const whatsmyuri: Command = {
  name: 'whatsmyuri',
  fields: [],
  run: ({ connection }) => Doc.of('you', connection.remoteAddress),
}

export const hostInfo: Command = {
  name: 'hostInfo',
  adminOnly: true,
  fields: [],
  run: () =>
    Doc.from({
      system: Doc.from({
        currentTime: new DateTime(Date.now()),
        hostname: os.hostname(),
        cpuAddrSize: 64,
        memSizeMB: BigInt(Math.round(os.totalmem() / 1048576)),
        numCores: os.availableParallelism(),
        cpuArch: os.arch(),
      }),
      os: Doc.from({ type: os.type(), name: os.version(), version: os.release() }),
      extra: new Doc(),
    }),
}

export const getLog: Command = {
  name: 'getLog',
  adminOnly: true,
  fields: [],
  run: ({ fields }) => {
    const which = fields.needString('getLog')
    if (which === '*') return Doc.from({ names: ['global', 'startupWarnings'] })
    if (which !== 'global' && which !== 'startupWarnings') {
      throw new CommandError('OperationFailed', `No log named '${which}'`)
    }
    return Doc.from({ totalLinesWritten: 0, log: [] })
  },
}

export const getCmdLineOpts: Command = {
  name: 'getCmdLineOpts',
  adminOnly: true,
  fields: [],
  run: ({ instance }) =>
    Doc.from({
      argv: ['embedded-mongodb'],
      parsed: Doc.from({ net: Doc.of('port', instance.port), storage: Doc.of('dbPath', instance.dataDir) }),
    }),
}
