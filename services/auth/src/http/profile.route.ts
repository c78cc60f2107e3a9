import { deactivateRoute, updateProfileRoute } from '@tradewind/contracts/auth-accounts'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ChangeProfile } from '../use-cases/change-profile.ts'
import type { DeactivateAccount } from '../use-cases/deactivate-account.ts'
import { noStore } from './no-store.ts'
import { originOf } from './origin-of.ts'

export const updateProfile = (changeProfile: ChangeProfile) =>
  implementRoute(updateProfileRoute, async ({ body, caller }) => {
    const { id, email, name, roles, emailVerified, locale } = await changeProfile(caller.userId, body)
    const account = { id, email, name, roles: [...roles], emailVerified, ...(locale !== undefined && { locale }) }
    return { status: 200, body: account, headers: noStore }
  })

export const closeAccount = (deactivate: DeactivateAccount) =>
  implementRoute(deactivateRoute, async ({ body, caller, request }) => {
    await deactivate(caller.userId, body.password, originOf(request))
    return { status: 204, body: null }
  })
