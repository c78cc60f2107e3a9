import type { ComponentName } from '@tradewind/launcher/system'
import type { Chance } from '@tradewind/testkit/chance'
import type { Floor } from './floor.ts'
import type { Load, LoadOptions, LoadRecord } from './load.ts'
import type { Shop } from './shop.ts'

/** What a scenario works with while customers are buying. */
export interface Stage {
  readonly floor: Floor
  readonly shop: Shop
  readonly load: Load
  readonly chance: Chance
  readonly skus: readonly [string, ...string[]]
  /** Tells of a fault that was brought about, and counts it. */
  readonly fault: (what: string) => void
  /** Names an event that no consumer can handle. */
  readonly poison: (eventId: string) => void
  /** Resolves when so many more orders were accepted; rejects when that takes longer than a minute. */
  readonly orders: (count: number) => Promise<void>
}

export interface Scenario {
  readonly name: string
  /** What it does, in a line. */
  readonly what: string
  /** Settings of every service. */
  readonly env?: Readonly<Record<string, string>>
  readonly load?: Partial<Pick<LoadOptions, 'clients' | 'pauseMs' | 'methods' | 'cancels' | 'quantity'>>
  /** Units of each product at the start, default 400 of the first, 60 of the second and third. */
  readonly units?: readonly number[]
  /** Where the broker keeps its files on a disk of this size. Takes the right to mount. */
  readonly brokerDiskBytes?: number
  /** Brings the faults about, and ends with everything running as it should. */
  readonly play: (stage: Stage) => Promise<void>
  /** What must hold of the load beside the invariants: a line for each thing that does not. */
  readonly judge?: (record: LoadRecord) => readonly string[]
}

const longestAnswerMs = 20_000

/** While something is away the answer is 503, and it comes. */
export const answeredInTime = ({ slowestMs, statuses }: LoadRecord): readonly string[] => [
  ...(slowestMs > longestAnswerMs ? [`an answer took ${slowestMs} ms`] : []),
  ...(statuses.has(500) ? [`${statuses.get(500)} requests were answered 500`] : []),
]

export const servicesWithEvents = [
  'orders',
  'inventory',
  'payments',
  'notifications',
] as const satisfies ComponentName[]
