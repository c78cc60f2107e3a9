import { changePasswordRoute, forgotPasswordRoute, resetPasswordRoute } from '@tradewind/contracts/auth-accounts'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ChangePassword } from '../use-cases/change-password.ts'
import type { ForgotPassword } from '../use-cases/forgot-password.ts'
import type { ResetPassword } from '../use-cases/reset-password.ts'
import type { NoteAction } from './note-action.ts'
import { originOf } from './origin-of.ts'

export const forgot = (forgotPassword: ForgotPassword) =>
  implementRoute(forgotPasswordRoute, async ({ body, request }) => {
    await forgotPassword(body.email, originOf(request))
    return { status: 202, body: null }
  })

export const reset = (resetPassword: ResetPassword) =>
  implementRoute(resetPasswordRoute, async ({ body, request }) => {
    await resetPassword(body, originOf(request))
    return { status: 204, body: null }
  })

export const changeOwnPassword = (changePassword: ChangePassword, note: NoteAction) =>
  implementRoute(changePasswordRoute, async ({ body, ...asked }) => {
    const { userId, sessionId } = asked.caller
    await changePassword({ userId, sessionId, ...body, origin: originOf(asked.request) })
    await note('password.changed', asked)
    return { status: 204, body: null }
  })
