import { UserErasedV1 } from '@tradewind/contracts/privacy'
import { changed, changedAndAnnouncedAgain, unchanged } from '@tradewind/database/decision'
import { AccountNotFound, LastAdmin } from '../domain/account.ts'
import {
  accountClosed,
  confirmed,
  type Erasure,
  ErasureNotFound,
  OpenOrders,
  othersTold,
  type PersonService,
  reminded,
  startErasure,
} from '../domain/erasure.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { AccountEraser } from '../store/account-eraser.ts'
import type { AdminRegister } from '../store/admin-register.ts'
import type { ErasureRepository } from '../store/erasure.repository.ts'
import type { PersonExportRepository } from '../store/person-export.repository.ts'
import type { GuardSignIn } from './guard-sign-in.ts'
import type { EndApiKeys } from './manage-api-keys.ts'
import type { Audit } from './record-audit.ts'
import type { RevokeSessions } from './revoke-sessions.ts'

export interface EraseUser {
  /** Decides it, which cannot be undone. Throws `AccountNotFound`, `OpenOrders`, `LastAdmin`. Safe to repeat. */
  readonly request: (userId: string) => Promise<Erasure>
  /** Throws `ErasureNotFound`. */
  readonly read: (receiptId: string) => Promise<Erasure>
  /** A service has forgotten the person. Safe to repeat. */
  readonly confirm: (userId: string, service: PersonService) => Promise<void>
  /** Carries on what is due: closes accounts, tells the others, and asks again. Any replica may run it. */
  readonly sweep: () => Promise<number>
}

export interface ErasePorts {
  readonly accounts: AccountRepository
  readonly admins: AdminRegister
  readonly erasures: ErasureRepository
  readonly personExports: PersonExportRepository
  readonly eraser: AccountEraser
  readonly guard: GuardSignIn
  readonly audit: Audit
  readonly revokeSessions: RevokeSessions
  readonly endApiKeys: EndApiKeys
  readonly countOpenOrders: (userId: string) => Promise<number>
  readonly newReceiptId: () => string
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

const batch = 50

export const makeEraseUser = (ports: ErasePorts): EraseUser => {
  const { accounts, admins, erasures, personExports, eraser, guard, audit, now } = ports

  /** Ends what could still be used, then removes it. False while news of the end is not out. */
  async function closeAccount(userId: string): Promise<boolean> {
    await ports.revokeSessions(userId, 'logout')
    await ports.endApiKeys(userId)
    const account = await accounts.find(userId)
    if (account !== undefined) await guard.forget(account.email)
    await personExports.removeOf(userId)
    return await eraser.remove(userId)
  }

  async function carryOn(erasure: Erasure): Promise<void> {
    const { id } = erasure
    if (erasure.status === 'closing' && erasure.doneAt.auth === undefined) {
      if (!(await closeAccount(id))) return
      await erasures.upsert(id, (before) => {
        if (before === undefined) return unchanged()
        const after = accountClosed(before, now())
        return after === before ? unchanged() : changed(after)
      })
      return
    }
    // Whoever signed in a moment before the account was gone is signed out here.
    await closeAccount(id)
    await erasures.upsert(id, (before) => {
      if (before === undefined || before.dueAt === undefined || before.dueAt > now()) return unchanged()
      if (before.status === 'waiting') return changedAndAnnouncedAgain(reminded(before, now()), UserErasedV1.type)
      return changed(othersTold(before, now()), UserErasedV1.create(ports.newId('evt'), { userId: id }))
    })
  }

  return {
    request: async (userId) => {
      const account = await accounts.find(userId)
      const known = await erasures.find(userId)
      if (known !== undefined) return known
      if (account === undefined) throw AccountNotFound({ userId })
      if ((await ports.countOpenOrders(userId)) > 0) throw OpenOrders({ userId })
      if (account.roles.includes('admin') && !(await admins.remove(userId))) throw LastAdmin({ userId })
      const erasure = await erasures.upsert(userId, (before) =>
        before === undefined ? changed(startErasure(userId, ports.newReceiptId(), now())) : unchanged(),
      )
      if (erasure === undefined) throw ErasureNotFound({ userId })
      await carryOn(erasure)
      return (await erasures.find(userId)) ?? erasure
    },
    read: async (receiptId) => {
      const found = await erasures.findByReceipt(receiptId)
      if (found === undefined) throw ErasureNotFound()
      return found
    },
    confirm: async (userId, service) => {
      let isLast = false
      await erasures.upsert(userId, (before) => {
        isLast = false
        if (before === undefined) return unchanged()
        const after = confirmed(before, service, now())
        isLast = after.status === 'completed' && before.status !== 'completed'
        return after === before ? unchanged() : changed(after)
      })
      if (!isLast) return
      await audit.record({ action: 'privacy.erasure_completed', actor: { kind: 'system' }, subject: userId })
    },
    sweep: async () => {
      const due = await erasures.dueBefore(now(), batch)
      for (const id of due) {
        const erasure = await erasures.find(id)
        if (erasure !== undefined) await carryOn(erasure)
      }
      return due.length
    },
  }
}
