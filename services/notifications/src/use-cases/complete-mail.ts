import type { Notification } from '../domain/notification.ts'
import type { WriteMail } from './write-mail.ts'

/** What auth says of a mail to an account; null once it is worth nothing any more. */
export type AskAccountMail = (question: { readonly userId: string; readonly mailId: string }) => Promise<{
  readonly mail: {
    readonly to: string
    readonly name: string
    readonly locale?: 'en' | 'de'
    readonly link?: string
  } | null
}>

/**
 * The mail as it goes out. A mail about an account gets its link now, and is kept without; undefined when what it leads
 * to is over. Throws while auth is away.
 */
export type CompleteMail = (notification: Notification) => Promise<Notification | undefined>

interface Ports {
  readonly askAccountMail: AskAccountMail
  readonly writeMail: WriteMail
}

export const makeCompleteMail =
  ({ askAccountMail, writeMail }: Ports): CompleteMail =>
  async (notification) => {
    const { accountMail, template, locale = 'en' } = notification
    if (accountMail === undefined) return notification
    const { mail } = await askAccountMail(accountMail)
    if (mail === null) return undefined
    const { name, link } = mail
    const facts = { name, ...(link !== undefined && { link }) }
    const { subject, text, html } = await writeMail({ template, locale, customerId: accountMail.userId, facts })
    return { ...notification, to: mail.to, subject, text, ...(html !== undefined && { html }) }
  }
