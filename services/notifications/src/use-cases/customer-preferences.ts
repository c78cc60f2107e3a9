import { changed, unchanged } from '@tradewind/database/decision'
import type { Category, Locale } from '../domain/mail-template.ts'
import { optOut, type Preferences, PreferencesChanged } from '../domain/preferences.ts'
import type { PreferencesRepository } from '../store/preferences.repository.ts'

export interface CurrentPreferences {
  readonly locale: Locale
  readonly optOuts: readonly Category[]
  /** 0 while the customer never said anything. */
  readonly version: number
}

export interface CustomerPreferences {
  readonly read: (userId: string) => Promise<CurrentPreferences>
  /** Throws `PreferencesChanged` for another version than the expected one. */
  readonly set: (
    userId: string,
    wishes: { readonly locale: Locale; readonly optOuts: readonly Category[] },
    expected: number | undefined,
  ) => Promise<CurrentPreferences>
  /** Repeating it changes nothing. */
  readonly optOut: (userId: string, category: Category) => Promise<void>
}

interface Ports {
  readonly preferences: PreferencesRepository
  readonly defaultLocale: Locale
}

export const makeCustomerPreferences = ({ preferences, defaultLocale }: Ports): CustomerPreferences => {
  type Found = (Preferences & { readonly version: number }) | undefined
  const current = (found: Found): CurrentPreferences => ({
    locale: found?.locale ?? defaultLocale,
    optOuts: found?.optOuts ?? [],
    version: found?.version ?? 0,
  })
  return {
    read: async (userId) => current(await preferences.find(userId)),
    set: async (userId, wishes, expected) =>
      current(
        await preferences.upsert(userId, (before) => {
          const version = before?.version ?? 0
          if (expected !== undefined && expected !== version) throw PreferencesChanged({ userId, expected, version })
          return changed({ id: userId, ...wishes })
        }),
      ),
    optOut: async (userId, category) => {
      await preferences.upsert(userId, (before) => {
        const known = before ?? { id: userId, optOuts: [] }
        const after = optOut(known, category)
        return after === known ? unchanged() : changed(after)
      })
    },
  }
}
