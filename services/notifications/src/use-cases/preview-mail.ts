import type { Locale, Template, Words } from '../domain/mail-template.ts'
import { exampleFacts, type MailFacts, mailView } from '../domain/mail-view.ts'
import { NotificationNotFound } from '../domain/notification.ts'
import type { TemplateLanguage } from '../mail/template-language.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import { requireUsable } from './publish-template.ts'
import type { TemplateBook } from './template-book.ts'

export interface PreviewInput {
  readonly template: Template
  readonly locale: Locale
  /** Words that nobody published yet. */
  readonly draft: Words | undefined
  /** An order that was written about before; an example where it is missing. */
  readonly orderId: string | undefined
}

/** Writes a mail and sends it to nobody. Throws `TemplateInvalid`, `NotificationNotFound`. */
export type PreviewMail = (input: PreviewInput) => Promise<Words>

interface Ports {
  readonly notifications: NotificationRepository
  readonly book: TemplateBook
  readonly language: TemplateLanguage
}

const exampleUnsubscribeUrl = 'https://shop.example/v1/notifications/unsubscribe?token=example'
const mailsLookedAt = 50

export const makePreviewMail = ({ notifications, book, language }: Ports): PreviewMail => {
  async function factsOf(orderId: string, template: Template): Promise<MailFacts> {
    const mails = await notifications.list({ orderId, status: undefined, after: undefined, limit: mailsLookedAt })
    const { facts } =
      mails.find((mail) => mail.template === template && mail.facts !== undefined) ??
      mails.find((mail) => mail.facts !== undefined) ??
      {}
    if (facts === undefined) throw NotificationNotFound({ orderId })
    return facts
  }

  return async ({ template, locale, draft, orderId }) => {
    if (draft !== undefined) requireUsable(language, template, draft, '/draft')
    const words = draft ?? (await book.newest(template, locale))
    const facts = orderId === undefined ? exampleFacts : await factsOf(orderId, template)
    return language.render(words, mailView(facts, locale, exampleUnsubscribeUrl))
  }
}
