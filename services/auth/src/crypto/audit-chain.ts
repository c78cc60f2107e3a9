import { createHash } from 'node:crypto'
import type { AuditEntry } from '../domain/audit.ts'

/** The hash by which an entry holds the one before it: SHA-256 of its content in one spelling, with its place in the chain. */
export function hashOfEntry(entry: AuditEntry, seq: number, previous: string): string {
  const { id, at, action, actor, subject, from, detail } = entry
  const details = Object.entries(detail).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const content = [
    seq,
    previous,
    id,
    at.toISOString(),
    action,
    actor.kind,
    actor.id ?? null,
    subject ?? null,
    from ?? null,
    details,
  ]
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
