import { changeEmailRoute, resendVerificationRoute, verifyEmailRoute } from '@tradewind/contracts/auth-accounts'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ChangeEmail } from '../use-cases/change-email.ts'
import type { SendVerification } from '../use-cases/send-verification.ts'
import type { VerifyEmail } from '../use-cases/verify-email.ts'
import type { NoteAction } from './note-action.ts'
import { originOf } from './origin-of.ts'

export const verifyAddress = (verifyEmail: VerifyEmail) =>
  implementRoute(verifyEmailRoute, async ({ body, request }) => {
    await verifyEmail(body.token, originOf(request))
    return { status: 204, body: null }
  })

export const resendVerification = (sendVerification: SendVerification, note: NoteAction) =>
  implementRoute(resendVerificationRoute, async (asked) => {
    await sendVerification(asked.caller.userId)
    await note('account.verification_requested', asked)
    return { status: 202, body: null }
  })

export const changeAddress = (changeEmail: ChangeEmail, note: NoteAction) =>
  implementRoute(changeEmailRoute, async ({ body, ...asked }) => {
    await changeEmail(asked.caller.userId, body.email)
    await note('account.email_change_requested', asked)
    return { status: 202, body: null }
  })
