import {
  type Erasure as ErasureBody,
  type Export,
  eraseOwnRoute,
  eraseUserRoute,
  exportOwnRoute,
  getArchiveRoute,
  getErasureRoute,
  getExportRoute,
  personServices,
} from '@tradewind/contracts/privacy'
import { implementRoute } from '@tradewind/service-kit/route'
import type { Erasure } from '../domain/erasure.ts'
import type { PersonExport } from '../domain/person-export.ts'
import type { ConfirmPassword } from '../use-cases/confirm-password.ts'
import type { EraseUser } from '../use-cases/erase-user.ts'
import type { ExportPerson } from '../use-cases/export-person.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'
import { originOf } from './origin-of.ts'

const stepsOf = ({ doneAt }: Pick<Erasure, 'doneAt'>) =>
  personServices.map((service) => ({ service, doneAt: doneAt[service]?.toISOString() ?? null }))

const presentErasure = (erasure: Erasure): ErasureBody => ({
  id: erasure.receiptId,
  status: erasure.status,
  requestedAt: erasure.requestedAt.toISOString(),
  completedAt: erasure.completedAt?.toISOString() ?? null,
  steps: stepsOf(erasure),
})

const presentExport = (wanted: PersonExport): Export => ({
  id: wanted.id,
  status: wanted.status,
  requestedAt: wanted.requestedAt.toISOString(),
  expiresAt: wanted.expiresAt?.toISOString() ?? null,
  steps: stepsOf(wanted),
})

const receiptAt = (body: ErasureBody) => ({ ...noStore, location: `/v1/auth/privacy/erasures/${body.id}` })

export const eraseOwn = (confirm: ConfirmPassword, erase: EraseUser, note: NoteAction) =>
  implementRoute(eraseOwnRoute, async ({ body: { password }, ...asked }) => {
    const { userId } = asked.caller
    await confirm(userId, password, originOf(asked.request))
    await note('privacy.erasure_requested', asked)
    const body = presentErasure(await erase.request(userId))
    return { status: 202, body, headers: receiptAt(body) }
  })

export const eraseUser = (erase: EraseUser, note: NoteAction) =>
  implementRoute(eraseUserRoute, async ({ params, ...asked }) => {
    await note('privacy.erasure_requested', asked, params.id)
    const body = presentErasure(await erase.request(params.id))
    return { status: 202, body, headers: receiptAt(body) }
  })

export const getErasure = (erase: EraseUser) =>
  implementRoute(getErasureRoute, async ({ params }) => ({
    status: 200,
    body: presentErasure(await erase.read(params.id)),
    headers: noStore,
  }))

export const exportOwn = (confirm: ConfirmPassword, exports: ExportPerson, note: NoteAction) =>
  implementRoute(exportOwnRoute, async ({ body: { password }, ...asked }) => {
    const { userId } = asked.caller
    await confirm(userId, password, originOf(asked.request))
    const body = presentExport(await exports.request(userId))
    await note('privacy.export_requested', asked, userId, { exportId: body.id })
    return { status: 202, body, headers: { ...noStore, location: `/v1/auth/privacy/exports/${body.id}` } }
  })

export const getExport = (exports: ExportPerson) =>
  implementRoute(getExportRoute, async ({ params, caller }) => ({
    status: 200,
    body: presentExport(await exports.read(params.id, caller.userId)),
    headers: noStore,
  }))

export const getArchive = (exports: ExportPerson, note: NoteAction) =>
  implementRoute(getArchiveRoute, async ({ params, ...asked }) => {
    const { userId } = asked.caller
    const archive = await exports.open(params.id, userId)
    await note('privacy.export_downloaded', asked, userId, { exportId: params.id })
    return {
      status: 200,
      body: archive,
      headers: {
        ...noStore,
        'content-type': 'application/x-ndjson; charset=utf-8',
        'content-disposition': `attachment; filename="${params.id}.ndjson"`,
      },
    }
  })
