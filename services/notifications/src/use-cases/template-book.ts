import { builtInWords } from '../domain/built-in-templates.ts'
import type { Locale, Template, TemplateVersion } from '../domain/mail-template.ts'
import { TemplateVersionNotFound } from '../domain/mail-template.ts'
import type { TemplateRepository } from '../store/template.repository.ts'

/** The words that mails are written with: what an operator published last, else what is built in. */
export interface TemplateBook {
  /** As it was at most a few seconds ago. */
  readonly current: (template: Template, locale: Locale) => Promise<TemplateVersion>
  readonly newest: (template: Template, locale: Locale) => Promise<TemplateVersion>
  /** Throws `TemplateVersionNotFound`. */
  readonly version: (template: Template, locale: Locale, version: number) => Promise<TemplateVersion>
  /** Has the next question answered by the database: something was published here. */
  readonly forget: () => void
}

/** What was published on another replica is used here after so long at the latest. */
const staleAfterMs = 5000

interface Ports {
  readonly templates: TemplateRepository
  readonly now: () => Date
}

interface Known {
  readonly at: number
  readonly version: Promise<TemplateVersion>
}

export function makeTemplateBook({ templates, now }: Ports): TemplateBook {
  /** One entry per template and language, so its size is bounded. */
  const known = new Map<string, Known>()
  const builtIn = (template: Template, locale: Locale): TemplateVersion => ({
    template,
    locale,
    version: 0,
    ...builtInWords(template, locale),
  })
  const newest = async (template: Template, locale: Locale) =>
    (await templates.newest(template, locale)) ?? builtIn(template, locale)
  return {
    current: (template, locale) => {
      const key = `${template}/${locale}`
      const at = now().getTime()
      const before = known.get(key)
      if (before !== undefined && Math.abs(at - before.at) < staleAfterMs) return before.version
      const version = newest(template, locale)
      const asked = { at, version }
      known.set(key, asked)
      version.catch(() => {
        if (known.get(key) === asked) known.delete(key)
      })
      return version
    },
    newest,
    version: async (template, locale, version) => {
      if (version === 0) return builtIn(template, locale)
      const found = await templates.find(template, locale, version)
      if (found === undefined) throw TemplateVersionNotFound({ template, locale, version })
      return found
    },
    forget: () => known.clear(),
  }
}
