import { policiesAgree, portsAgree, selectorsMatch } from '../src/rules/connections.ts'
import { graceIsLongEnough, podsAreRestricted, probesAreSet, resourcesAreBounded } from '../src/rules/containers.ts'
import { environmentIsComplete } from '../src/rules/environment.ts'
import { imagesArePinned } from '../src/rules/images.ts'
import { labelsAreSet, referencesResolve } from '../src/rules/references.ts'
import { clientAddressesAreKnown, namesCanBeAsked, waysAreOpen } from '../src/rules/ways.ts'
import { settings } from './settings.ts'

export const allRules = {
  imagesArePinned,
  resourcesAreBounded,
  probesAreSet,
  podsAreRestricted,
  graceIsLongEnough,
  selectorsMatch,
  portsAgree,
  policiesAgree,
  referencesResolve,
  labelsAreSet,
  waysAreOpen,
  namesCanBeAsked,
  clientAddressesAreKnown,
  environmentIsComplete: environmentIsComplete(settings),
}
