import { type Locale, locales, placeholdersOf, type Template, templates } from '../domain/mail-template.ts'
import type { TemplateBook } from './template-book.ts'

/** Every template in every language as it is used now, with what its words may name. */
export type ListTemplates = () => Promise<
  { template: Template; locale: Locale; version: number; subject: string; placeholders: string[] }[]
>

const namesIn = (template: Template): string[] =>
  Object.entries(placeholdersOf[template]).flatMap(([name, inner]) =>
    inner === 'value' ? [name] : inner.map((key) => `${name}[].${key}`),
  )

export const makeListTemplates =
  (book: TemplateBook): ListTemplates =>
  () =>
    Promise.all(
      templates.flatMap((template) =>
        locales.map(async (locale) => {
          const { version, subject } = await book.newest(template, locale)
          return { template, locale, version, subject, placeholders: namesIn(template) }
        }),
      ),
    )
