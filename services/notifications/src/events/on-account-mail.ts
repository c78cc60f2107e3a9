import { MailRequestedV1 } from '@tradewind/contracts/auth-accounts'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { NotifyAccount } from '../use-cases/notify-account.ts'

// Safe to repeat: a mail's id follows from what auth knows it by; what was sent is not sent again.
export const onAccountMail = (notify: NotifyAccount): EventHandler[] => [
  on(MailRequestedV1, ({ data: { userId, kind, mailId } }) => notify(kind, { userId, mailId })),
]
