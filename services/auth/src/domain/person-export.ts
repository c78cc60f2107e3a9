import { defineError } from '@tradewind/service-kit/errors'
import type { PersonService } from './erasure.ts'

/** Everything that is known of a person, being collected or ready to be fetched. */
export interface PersonExport {
  readonly id: string
  readonly userId: string
  readonly status: 'collecting' | 'ready' | 'expired'
  readonly requestedAt: Date
  readonly doneAt: Readonly<Partial<Record<PersonService, Date>>>
  readonly expiresAt?: Date
  /** When a worker looks at it: while it is collected when the lease of the last one is up, then when it expires. */
  readonly dueAt?: Date
}

export const ExportNotFound = defineError('AUTH_EXPORT_NOT_FOUND', 'not-found', 'There is no such export.')
export const ExportNotReady = defineError(
  'AUTH_EXPORT_NOT_READY',
  'conflict',
  'The export is still being collected, or it is too old and has to be asked for again.',
)

/** How long one worker has before another takes over. */
const leaseMs = 60_000
/** How long it can be fetched. */
const keepMs = 7 * 24 * 3600 * 1000

export const startExport = (id: string, userId: string, now: Date): PersonExport => ({
  id,
  userId,
  status: 'collecting',
  requestedAt: now,
  doneAt: {},
  dueAt: now,
})

/** Takes it for a while. Returns the same object when it is not due. */
export const claimed = (wanted: PersonExport, now: Date): PersonExport =>
  wanted.dueAt === undefined || wanted.dueAt > now ? wanted : { ...wanted, dueAt: new Date(now.getTime() + leaseMs) }

export const partDone = (wanted: PersonExport, service: PersonService, now: Date): PersonExport => ({
  ...wanted,
  doneAt: { ...wanted.doneAt, [service]: now },
})

export function ready(wanted: PersonExport, now: Date): PersonExport {
  const expiresAt = new Date(now.getTime() + keepMs)
  return { ...wanted, status: 'ready', expiresAt, dueAt: expiresAt }
}

export function expired(wanted: PersonExport): PersonExport {
  const { dueAt: _dueAt, ...rest } = wanted
  return { ...rest, status: 'expired' }
}
