import { type Db, MongoServerError } from 'mongodb'
import type { Locale, Template, TemplateVersion } from '../domain/mail-template.ts'

interface VersionDocument extends TemplateVersion {
  /** `order-confirmed/de/3`: of publishers that are at it together, one gets the version. */
  readonly _id: string
}

/** Published versions of templates. One is never changed and never removed. */
export interface TemplateRepository {
  readonly newest: (template: Template, locale: Locale) => Promise<TemplateVersion | undefined>
  readonly find: (template: Template, locale: Locale, version: number) => Promise<TemplateVersion | undefined>
  /** False when there is one of that number already. */
  readonly insertUnlessTaken: (version: TemplateVersion) => Promise<boolean>
}

const idOf = (template: Template, locale: Locale, version: number) => `${template}/${locale}/${version}`

export function createTemplateRepository(db: Db): TemplateRepository {
  const collection = db.collection<VersionDocument>('templates')
  const published = (found: VersionDocument | null): TemplateVersion | undefined => {
    if (found === null) return undefined
    const { _id, ...version } = found
    return version
  }
  return {
    newest: async (template, locale) =>
      published(await collection.findOne({ template, locale }, { sort: { version: -1 } })),
    find: async (template, locale, version) =>
      published(await collection.findOne({ _id: idOf(template, locale, version) })),
    insertUnlessTaken: async (version) => {
      try {
        await collection.insertOne({ _id: idOf(version.template, version.locale, version.version), ...version })
        return true
      } catch (error) {
        if (error instanceof MongoServerError && error.code === 11000) return false
        throw error
      }
    },
  }
}
