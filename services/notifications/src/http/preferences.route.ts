import { getPreferencesRoute, setPreferencesRoute } from '@tradewind/contracts/notifications'
import { expectedVersion } from '@tradewind/service-kit/conditional'
import { implementRoute } from '@tradewind/service-kit/route'
import type { CurrentPreferences, CustomerPreferences } from '../use-cases/customer-preferences.ts'
import { revisionEtag } from './revision.ts'

const answer = ({ locale, optOuts, version }: CurrentPreferences) => ({
  status: 200 as const,
  body: { locale, optOuts: [...optOuts] },
  headers: revisionEtag(version),
})

export const getPreferences = (preferences: CustomerPreferences) =>
  implementRoute(getPreferencesRoute, async ({ caller }) => answer(await preferences.read(caller.userId)))

export const putPreferences = (preferences: CustomerPreferences) =>
  implementRoute(setPreferencesRoute, async ({ caller, body, headers }) =>
    answer(await preferences.set(caller.userId, body, expectedVersion(headers['if-match']))),
  )
