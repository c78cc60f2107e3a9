import { AccountMailQueryV1 } from '@tradewind/contracts/auth-accounts'
import type { Messaging } from '@tradewind/messaging/connection'
import { answerQuery } from '@tradewind/messaging/query'
import type { ReadAccountMail } from '../use-cases/read-account-mail.ts'

/** Answering changes nothing, so asking twice is harmless. */
export const answerAccountMail = (messaging: Messaging, read: ReadAccountMail): void =>
  answerQuery(messaging, AccountMailQueryV1, async ({ userId, mailId }) => ({ mail: await read(userId, mailId) }))
