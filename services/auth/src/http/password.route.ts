import { changePasswordRoute, forgotPasswordRoute, resetPasswordRoute } from '@tradewind/contracts/auth-accounts'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ChangePassword } from '../use-cases/change-password.ts'
import type { ForgotPassword } from '../use-cases/forgot-password.ts'
import type { ResetPassword } from '../use-cases/reset-password.ts'

export const forgot = (forgotPassword: ForgotPassword) =>
  implementRoute(forgotPasswordRoute, ({ body }) => {
    forgotPassword(body.email)
    return { status: 202, body: null }
  })

export const reset = (resetPassword: ResetPassword) =>
  implementRoute(resetPasswordRoute, async ({ body }) => {
    await resetPassword(body)
    return { status: 204, body: null }
  })

export const changeOwnPassword = (changePassword: ChangePassword) =>
  implementRoute(changePasswordRoute, async ({ body, caller: { userId, sessionId } }) => {
    await changePassword({ userId, sessionId, ...body })
    return { status: 204, body: null }
  })
