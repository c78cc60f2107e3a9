import type { UnsubscribeTokens } from '../crypto/unsubscribe-tokens.ts'
import { categoryOf, type Locale, type Template } from '../domain/mail-template.ts'
import { type MailFacts, mailView } from '../domain/mail-view.ts'
import type { Draft } from '../domain/notification.ts'
import type { TemplateLanguage } from '../mail/template-language.ts'
import type { TemplateBook } from './template-book.ts'

/** The words of a mail and where its kind can be switched off. */
export type WriteMail = (mail: {
  readonly template: Template
  readonly locale: Locale
  readonly customerId: string
  readonly facts: MailFacts
}) => Promise<Pick<Draft, 'subject' | 'text' | 'html' | 'templateVersion' | 'locale' | 'unsubscribeUrl'>>

interface Ports {
  readonly book: TemplateBook
  readonly language: TemplateLanguage
  readonly tokens: UnsubscribeTokens
  /** Where customers reach the gateway; without it mails say nothing of unsubscribing. */
  readonly publicUrl: string | undefined
}

export const makeWriteMail =
  ({ book, language, tokens, publicUrl }: Ports): WriteMail =>
  async ({ template, locale, customerId, facts }) => {
    const { version, ...words } = await book.current(template, locale)
    const category = categoryOf(template)
    const unsubscribeUrl =
      publicUrl === undefined || category === undefined
        ? undefined
        : `${publicUrl.replace(/\/$/, '')}/v1/notifications/unsubscribe?token=${tokens.create({ userId: customerId, category })}`
    return {
      ...language.render(words, mailView(facts, locale, unsubscribeUrl)),
      templateVersion: version,
      locale,
      ...(unsubscribeUrl !== undefined && { unsubscribeUrl }),
    }
  }
