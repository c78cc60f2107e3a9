import {
  deletePasskeyRoute,
  listPasskeysRoute,
  type Passkey as PasskeyBody,
  passkeyRegistrationOptionsRoute,
  passkeySignInOptionsRoute,
  passkeySignInRoute,
  registerPasskeyRoute,
  renamePasskeyRoute,
} from '@tradewind/contracts/passkeys'
import { implementRoute } from '@tradewind/service-kit/route'
import type { Passkey } from '../domain/passkey.ts'
import type { DeletePasskey, RenamePasskey } from '../use-cases/manage-passkeys.ts'
import type { ReadAccount } from '../use-cases/read-account.ts'
import type { BeginPasskey, RegisterPasskey } from '../use-cases/register-passkey.ts'
import type { BeginPasskeySignIn, SignInWithPasskey } from '../use-cases/sign-in-with-passkey.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'
import { originOf } from './origin-of.ts'
import { tokenAnswer } from './sign-in-answer.ts'

const present = ({ id, name, isBackedUp, createdAt, lastUsedAt }: Passkey): PasskeyBody => ({
  id,
  name,
  isBackedUp,
  createdAt: createdAt.toISOString(),
  ...(lastUsedAt !== undefined && { lastUsedAt: lastUsedAt.toISOString() }),
})

export const beginRegistration = (begin: BeginPasskey) =>
  implementRoute(passkeyRegistrationOptionsRoute, async ({ caller }) => ({
    status: 200,
    body: await begin(caller.userId),
    headers: noStore,
  }))

export const register = (registerPasskey: RegisterPasskey, note: NoteAction) =>
  implementRoute(registerPasskeyRoute, async ({ body, ...asked }) => {
    const passkey = await registerPasskey({ userId: asked.caller.userId, ...body })
    await note('passkey.added', asked)
    return { status: 201, body: present(passkey), headers: noStore }
  })

export const beginSignIn = (begin: BeginPasskeySignIn) =>
  implementRoute(passkeySignInOptionsRoute, async () => ({ status: 200, body: await begin(), headers: noStore }))

export const signIn = (signInWithPasskey: SignInWithPasskey) =>
  implementRoute(passkeySignInRoute, async ({ body, query, request }) =>
    tokenAnswer(await signInWithPasskey(body, originOf(request)), query),
  )

export const listPasskeys = (readAccount: ReadAccount) =>
  implementRoute(listPasskeysRoute, async ({ caller }) => {
    const { passkeys = [] } = await readAccount(caller.userId)
    return { status: 200, body: { items: passkeys.map(present) }, headers: noStore }
  })

export const rename = (renamePasskey: RenamePasskey, note: NoteAction) =>
  implementRoute(renamePasskeyRoute, async ({ params, body, ...asked }) => {
    const passkey = await renamePasskey(asked.caller.userId, params.id, body.name)
    await note('passkey.renamed', asked, asked.caller.userId, { passkeyId: params.id })
    return { status: 200, body: present(passkey), headers: noStore }
  })

export const remove = (deletePasskey: DeletePasskey, note: NoteAction) =>
  implementRoute(deletePasskeyRoute, async ({ params, ...asked }) => {
    await deletePasskey(asked.caller.userId, params.id)
    await note('passkey.removed', asked)
    return { status: 204, body: null }
  })
