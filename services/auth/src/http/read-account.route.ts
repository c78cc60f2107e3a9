import { meRoute } from '@tradewind/contracts/auth'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadAccount } from '../use-cases/read-account.ts'
import { noStore } from './no-store.ts'

export const readMe = (readAccount: ReadAccount) =>
  implementRoute(meRoute, async ({ caller }) => {
    const { id, email, name, roles, emailVerified } = await readAccount(caller.userId)
    return { status: 200, body: { id, email, name, roles: [...roles], emailVerified }, headers: noStore }
  })
