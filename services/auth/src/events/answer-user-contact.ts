import { UserContactQueryV1 } from '@tradewind/contracts/auth'
import type { Messaging } from '@tradewind/messaging/connection'
import { answerQuery } from '@tradewind/messaging/query'
import type { FindContact } from '../use-cases/find-contact.ts'

/** Answering changes nothing, so asking twice is harmless. */
export const answerUserContact = (messaging: Messaging, findContact: FindContact): void =>
  answerQuery(messaging, UserContactQueryV1, async ({ userId }) => ({ contact: await findContact(userId) }))
