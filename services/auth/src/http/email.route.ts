import { changeEmailRoute, resendVerificationRoute, verifyEmailRoute } from '@tradewind/contracts/auth-accounts'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ChangeEmail } from '../use-cases/change-email.ts'
import type { SendVerification } from '../use-cases/send-verification.ts'
import type { VerifyEmail } from '../use-cases/verify-email.ts'

export const verifyAddress = (verifyEmail: VerifyEmail) =>
  implementRoute(verifyEmailRoute, async ({ body }) => {
    await verifyEmail(body.token)
    return { status: 204, body: null }
  })

export const resendVerification = (sendVerification: SendVerification) =>
  implementRoute(resendVerificationRoute, async ({ caller }) => {
    await sendVerification(caller.userId)
    return { status: 202, body: null }
  })

export const changeAddress = (changeEmail: ChangeEmail) =>
  implementRoute(changeEmailRoute, async ({ body, caller }) => {
    await changeEmail(caller.userId, body.email)
    return { status: 202, body: null }
  })
