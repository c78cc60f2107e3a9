import {
  answerChallengeRoute,
  enrolTotpRoute,
  newRecoveryCodesRoute,
  removeTotpRoute,
  showFactorsRoute,
  stepUpRoute,
  verifyTotpRoute,
} from '@tradewind/contracts/mfa'
import { implementRoute } from '@tradewind/service-kit/route'
import type { AnswerChallenge } from '../use-cases/answer-challenge.ts'
import type { ActivateTotp, EnrolTotp, NewRecoveryCodes, RemoveTotp } from '../use-cases/manage-totp.ts'
import type { ReadAccount } from '../use-cases/read-account.ts'
import type { StepUp } from '../use-cases/step-up.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'
import { originOf } from './origin-of.ts'
import { deviceTokenOf } from './session-cookies.ts'
import { tokenAnswer } from './sign-in-answer.ts'

export const showFactors = (readAccount: ReadAccount) =>
  implementRoute(showFactorsRoute, async ({ caller }) => {
    const { totp, recoveryCodes = [], passkeys = [] } = await readAccount(caller.userId)
    const factors = {
      totp: totp?.activeFrom !== undefined,
      recoveryCodesLeft: recoveryCodes.length,
      passkeys: passkeys.length,
    }
    return { status: 200, body: factors, headers: noStore }
  })

export const enrolGenerator = (enrol: EnrolTotp, note: NoteAction) =>
  implementRoute(enrolTotpRoute, async (asked) => {
    const body = await enrol(asked.caller.userId)
    await note('mfa.enrolment_begun', asked)
    return { status: 200, body, headers: noStore }
  })

export const verifyGenerator = (activate: ActivateTotp, note: NoteAction) =>
  implementRoute(verifyTotpRoute, async ({ body, ...asked }) => {
    const { userId, sessionId } = asked.caller
    const recoveryCodes = [...(await activate({ userId, sessionId, code: body.code }))]
    await note('mfa.enrolled', asked)
    return { status: 200, body: { recoveryCodes }, headers: noStore }
  })

export const removeGenerator = (remove: RemoveTotp, note: NoteAction) =>
  implementRoute(removeTotpRoute, async (asked) => {
    await remove(asked.caller.userId)
    await note('mfa.removed', asked)
    return { status: 204, body: null }
  })

export const renewRecoveryCodes = (renew: NewRecoveryCodes, note: NoteAction) =>
  implementRoute(newRecoveryCodesRoute, async (asked) => {
    const recoveryCodes = [...(await renew(asked.caller.userId))]
    await note('recovery_codes.made', asked)
    return { status: 200, body: { recoveryCodes }, headers: noStore }
  })

export const answerWithCode = (answer: AnswerChallenge) =>
  implementRoute(answerChallengeRoute, async ({ body, query, request }) =>
    tokenAnswer(await answer(body, originOf(request, deviceTokenOf(request, {}, query))), query),
  )

export const showAgain = (stepUp: StepUp, expiresIn: number, note: NoteAction) =>
  implementRoute(stepUpRoute, async ({ body, ...asked }) => {
    const { userId, sessionId } = asked.caller
    const accessToken = await stepUp({ userId, sessionId, ...body, origin: originOf(asked.request) })
    await note('step_up.succeeded', asked, userId, { sessionId })
    return { status: 200, body: { accessToken, tokenType: 'Bearer' as const, expiresIn }, headers: noStore }
  })
