import { deactivateRoute, updateProfileRoute } from '@tradewind/contracts/auth-accounts'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ChangeProfile } from '../use-cases/change-profile.ts'
import type { DeactivateAccount } from '../use-cases/deactivate-account.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'
import { originOf } from './origin-of.ts'

export const updateProfile = (changeProfile: ChangeProfile, note: NoteAction) =>
  implementRoute(updateProfileRoute, async ({ body, ...asked }) => {
    const { id, email, name, roles, emailVerified, locale } = await changeProfile(asked.caller.userId, body)
    await note('account.updated', asked, id, { changed: Object.keys(body).join(' ') })
    const account = { id, email, name, roles: [...roles], emailVerified, ...(locale !== undefined && { locale }) }
    return { status: 200, body: account, headers: noStore }
  })

export const closeAccount = (deactivate: DeactivateAccount, note: NoteAction) =>
  implementRoute(deactivateRoute, async ({ body, ...asked }) => {
    await deactivate(asked.caller.userId, body.password, originOf(asked.request))
    await note('account.deactivated', asked)
    return { status: 204, body: null }
  })
