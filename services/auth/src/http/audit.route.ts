import {
  type AuditEntry,
  auditActions,
  exportAuditRoute,
  listAuditRoute,
  verifyAuditRoute,
} from '@tradewind/contracts/audit'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { defineError } from '@tradewind/service-kit/errors'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { AuditFilter, AuditRepository, StoredEntry } from '../store/audit.repository.ts'
import type { VerifyAudit } from '../use-cases/verify-audit.ts'
import { noStore } from './no-store.ts'

const HalfAHead = defineError('AUTH_AUDIT_HALF_A_HEAD', 'invalid', 'seq and hash belong together: give both or none.')

const Place = Type.Tuple([Type.String({ format: 'date-time' }), Type.String({ pattern: '^aud_[0-9a-f]{32}$' })])

interface Filters {
  readonly actor?: string
  readonly subject?: string
  readonly action?: string
  readonly from?: string
  readonly to?: string
}

const filterOf = ({ actor, subject, action, from, to }: Filters): AuditFilter => ({
  actor,
  subject,
  action,
  from: from === undefined ? undefined : new Date(from),
  to: to === undefined ? undefined : new Date(to),
})

const knownAction = (action: string) => auditActions.find((known) => known === action)

function present({ id, at, action, actor, subject, from, detail, seal }: StoredEntry): AuditEntry {
  const known = knownAction(action)
  if (known === undefined) throw new Error(`the audit log has an action that is not known: ${action}`)
  return {
    id,
    at: at.toISOString(),
    action: known,
    actor: { ...actor },
    ...(subject !== undefined && { subject }),
    ...(from !== undefined && { from }),
    detail: { ...detail },
    seal: seal === undefined ? null : { ...seal },
  }
}

export const listAudit = (auditLog: AuditRepository) =>
  implementRoute(listAuditRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(Place, query.cursor)
    const found = await auditLog.page({ ...filterOf(query), after, limit })
    const { items, nextCursor } = pageOf(found, limit, ({ at, id }) => [at.toISOString(), id])
    return { status: 200, body: { items: items.map(present), nextCursor }, headers: noStore }
  })

async function* asLines(entries: AsyncIterable<StoredEntry>) {
  for await (const entry of entries) yield Buffer.from(`${JSON.stringify(present(entry))}\n`)
}

export const exportAudit = (auditLog: AuditRepository) =>
  implementRoute(exportAuditRoute, ({ query }) => ({
    status: 200,
    body: asLines(auditLog.walk(filterOf(query))),
    headers: {
      ...noStore,
      'content-type': 'application/x-ndjson; charset=utf-8',
      'content-disposition': 'attachment; filename="audit.ndjson"',
    },
  }))

export const verifyAudit = (verify: VerifyAudit) =>
  implementRoute(verifyAuditRoute, async ({ query: { seq, hash } }) => {
    if ((seq === undefined) !== (hash === undefined)) throw HalfAHead()
    const noted = seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash }
    return { status: 200, body: await verify(noted), headers: noStore }
  })
