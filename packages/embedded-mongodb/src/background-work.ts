import { decodeDocument } from './bson/decode.ts'
import { DateTime, Doc, type Value } from './bson/values.ts'
import type { Instance } from './instance.ts'
import { after } from './planner/key-ranges.ts'
import type { Plan } from './planner/plan.ts'
import { Reading, readPlan } from './planner/read-plan.ts'
import type { Collection } from './storage/collection.ts'
import type { IndexTable } from './storage/index-table.ts'
import { RANKS } from './storage/key-string.ts'

const LOOK_EVERY_MS = 1000
/** Documents that one pass removes from one index at most, so that a pass never holds the server up for long. */
const MAX_EXPIRED = 5000

/** Removes what has expired: documents under TTL indexes, and cursors that nobody reads any more. */
export function startBackgroundWork(instance: Instance): { stop(): void } {
  let lastPassMs = Date.now()
  const timer = setInterval(() => {
    const nowMs = Date.now()
    if (nowMs - lastPassMs < instance.parameters.ttlMonitorSleepSecs * 1000) return
    lastPassMs = nowMs
    runPass(instance, nowMs)
  }, LOOK_EVERY_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

export function runPass(instance: Instance, nowMs: number): void {
  instance.cursors.expire(nowMs)
  if (!instance.parameters.ttlMonitorEnabled) return
  instance.ttl.passes += 1
  for (const collection of instance.catalog.all()) {
    for (const index of collection.indexes) {
      if (index.spec.ttlSeconds === undefined) continue
      try {
        instance.ttl.deletedDocuments += expire(collection, index, nowMs - index.spec.ttlSeconds * 1000)
      } catch (error) {
        instance.logger.error(instance.explainFailure(error, true).message)
      }
    }
  }
}

function expire(collection: Collection, index: IndexTable, beforeMs: number): number {
  const { spec } = index
  const [field] = spec.fields
  if (field === undefined) return 0
  const bound = index.encode([new DateTime(beforeMs)])
  const rank = Buffer.from([field.descending ? ~RANKS.date & 0xff : RANKS.date])
  const range = field.descending
    ? { low: bound, high: after(rank), fixedBytes: 0 }
    : { low: rank, high: after(bound), fixedBytes: 0 }
  const plan: Plan = {
    kind: 'index',
    index,
    ranges: [range],
    reverse: false,
    sorted: true,
    bounded: true,
    exact: false,
    merged: false,
    covers: false,
    boundFields: 1,
  }
  const expired = []
  for (const hit of readPlan(collection, plan, new Reading(), 0)) {
    if (oldest(decodeDocument(hit.bytes), field.parts) <= beforeMs) expired.push(hit)
    if (expired.length >= MAX_EXPIRED) break
  }
  for (const hit of expired) collection.remove(hit)
  return expired.length
}

/** Of several dates in an array the earliest counts. */
function oldest(value: Value | undefined, parts: readonly string[]): number {
  if (value instanceof DateTime && parts.length === 0) return value.ms
  if (Array.isArray(value)) return Math.min(Number.POSITIVE_INFINITY, ...value.map((element) => oldest(element, parts)))
  if (value instanceof Doc && parts.length > 0) return oldest(value.get(parts[0] ?? ''), parts.slice(1))
  return Number.POSITIVE_INFINITY
}
