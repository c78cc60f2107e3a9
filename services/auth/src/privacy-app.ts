import { randomBytes } from 'node:crypto'
import type { ImplementedRoute } from '@tradewind/service-kit/route'
import type { PasswordHasher } from './crypto/password-hasher.ts'
import type { NoteAction } from './http/note-action.ts'
import { eraseOwn, eraseUser, exportOwn, getArchive, getErasure, getExport } from './http/privacy.route.ts'
import type { ApiKeyRepository } from './store/api-key.repository.ts'
import type { AuditRepository } from './store/audit.repository.ts'
import type { SessionRepository } from './store/session.repository.ts'
import { makeConfirmPassword } from './use-cases/confirm-password.ts'
import { type ErasePorts, type EraseUser, makeEraseUser } from './use-cases/erase-user.ts'
import { type AskForPerson, type ExportPerson, makeExportPerson } from './use-cases/export-person.ts'
import { makeReadOwnData } from './use-cases/read-own-data.ts'

/** What others know of a person. */
export interface PersonQueries {
  readonly countOpenOrders: (userId: string) => Promise<number>
  readonly dataInOrders: AskForPerson
  readonly dataInNotifications: AskForPerson
}

interface PrivacyOptions extends Omit<ErasePorts, 'countOpenOrders' | 'newReceiptId'> {
  readonly apiKeys: ApiKeyRepository
  readonly sessions: SessionRepository
  readonly auditLog: AuditRepository
  readonly passwords: PasswordHasher
  readonly note: NoteAction
  readonly persons: PersonQueries
}

interface PrivacyApp {
  readonly routes: readonly ImplementedRoute[]
  readonly erase: EraseUser
  readonly exports: ExportPerson
}

const newReceiptId = () => `era_${randomBytes(32).toString('base64url')}`

/** Gives people what is known of them, and forgets them. */
export function createPrivacy(options: PrivacyOptions): PrivacyApp {
  const { note, persons } = options
  const confirm = makeConfirmPassword(options)
  const erase = makeEraseUser({
    ...options,
    countOpenOrders: persons.countOpenOrders,
    newReceiptId,
  })
  const sources = {
    auth: makeReadOwnData(options),
    orders: persons.dataInOrders,
    notifications: persons.dataInNotifications,
  }
  const exports = makeExportPerson({ ...options, sources })
  return {
    routes: [
      eraseOwn(confirm, erase, note),
      eraseUser(erase, note),
      getErasure(erase),
      exportOwn(confirm, exports, note),
      getExport(exports),
      getArchive(exports, note),
    ],
    erase,
    exports,
  }
}
