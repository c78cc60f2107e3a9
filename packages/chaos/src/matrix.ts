import type { Scenario } from './scenario.ts'
import { brokerDataLoss, brokerDataLossLive, brokerDiskFull, brokerRollback } from './scenarios/broker-files.ts'
import { clock } from './scenarios/clocks.ts'
import {
  brokerCrash,
  databaseCrash,
  pausedBroker,
  pausedService,
  serviceCrash,
  serviceCrashAtPoints,
} from './scenarios/crashes.ts'
import { databaseReset, partition } from './scenarios/links.ts'
import { duplicates, poison } from './scenarios/messages.ts'
import { overload } from './scenarios/overload.ts'
import { hotSku, provider } from './scenarios/shopping.ts'
import { mixedVersions, rollingRestart } from './scenarios/updates.ts'

/** Every row of the table of faults, in its order. */
export const matrix: readonly Scenario[] = [
  serviceCrash,
  serviceCrashAtPoints,
  brokerCrash,
  brokerDataLoss,
  brokerDataLossLive,
  brokerRollback,
  brokerDiskFull,
  pausedBroker,
  pausedService,
  databaseCrash,
  databaseReset,
  partition,
  duplicates,
  poison,
  clock,
  provider,
  hotSku,
  overload,
  rollingRestart,
  mixedVersions,
]
