import { getRolesRoute, listUsersRoute, setRolesRoute } from '@tradewind/contracts/access'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { ListUsers } from '../use-cases/list-users.ts'
import type { ReadAccount } from '../use-cases/read-account.ts'
import type { SetRoles } from '../use-cases/set-roles.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'

const Place = Type.String({ minLength: 1, maxLength: 254 })

export const listUsers = (list: ListUsers) =>
  implementRoute(listUsersRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(Place, query.cursor)
    const found = await list({ prefix: query.email ?? '', after, limit: limit + 1 })
    const page = pageOf(found, limit, ({ email }) => email)
    const items = page.items.map(({ id, email, name, roles, emailVerified, createdAt }) => ({
      id,
      email,
      name,
      roles: [...roles],
      emailVerified,
      createdAt: createdAt.toISOString(),
    }))
    return { status: 200, body: { items, nextCursor: page.nextCursor }, headers: noStore }
  })

export const getRoles = (readAccount: ReadAccount) =>
  implementRoute(getRolesRoute, async ({ params }) => {
    const { roles } = await readAccount(params.id)
    return { status: 200, body: { roles: [...roles] }, headers: noStore }
  })

export const changeRoles = (setRoles: SetRoles, note: NoteAction) =>
  implementRoute(setRolesRoute, async ({ params, body, ...asked }) => {
    const { roles } = await setRoles({ userId: params.id, roles: body.roles })
    await note('roles.changed', asked, params.id, { roles: roles.join(' ') })
    return { status: 200, body: { roles: [...roles] }, headers: noStore }
  })
