import {
  type Locale,
  maxVersions,
  placeholdersOf,
  type Template,
  TemplateChanged,
  TemplateInvalid,
  type TemplateVersion,
  TooManyVersions,
  type Words,
} from '../domain/mail-template.ts'
import type { TemplateLanguage } from '../mail/template-language.ts'
import type { TemplateRepository } from '../store/template.repository.ts'
import type { TemplateBook } from './template-book.ts'

export interface Publication {
  readonly template: Template
  readonly locale: Locale
  readonly words: Words
  /** The version that it replaces; undefined when the client does not say. */
  readonly expected: number | undefined
  readonly userId: string
}

/** Throws `TemplateInvalid`, `TemplateChanged`, `TooManyVersions`; nothing is written then. */
export type PublishTemplate = (publication: Publication) => Promise<TemplateVersion>

interface Ports {
  readonly templates: TemplateRepository
  readonly book: TemplateBook
  readonly language: TemplateLanguage
  readonly now: () => Date
}

/** Throws `TemplateInvalid` with a pointer to each text that cannot be used. */
export function requireUsable(language: TemplateLanguage, template: Template, words: Words, prefix = ''): void {
  const errors = language
    .faults(words, placeholdersOf[template])
    .map(({ part, detail }) => ({ pointer: `${prefix}/${part}`, detail }))
  if (errors.length > 0) throw TemplateInvalid({ template }, { errors })
}

export const makePublishTemplate =
  ({ templates, book, language, now }: Ports): PublishTemplate =>
  async ({ template, locale, words, expected, userId }) => {
    requireUsable(language, template, words)
    for (;;) {
      const { version: latest } = await book.newest(template, locale)
      if (expected !== undefined && expected !== latest) throw TemplateChanged({ template, locale, expected, latest })
      if (latest >= maxVersions) throw TooManyVersions({ template, locale })
      const next = { ...words, template, locale, version: latest + 1, publishedAt: now(), publishedBy: userId }
      // Somebody may publish meanwhile; then this one comes after it, or is refused.
      if (!(await templates.insertUnlessTaken(next))) continue
      book.forget()
      return next
    }
  }
