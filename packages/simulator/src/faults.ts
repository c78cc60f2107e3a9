/** What may go wrong, each by itself, so that a failing run can be narrowed down. */
export const faultKinds = [
  'duplicates',
  'reordering',
  'losses',
  'crashes',
  'interleaving',
  'pauses',
  'provider',
  'cancellations',
  'changes',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** How likely each is at each occasion. */
export const likelihood = {
  /** An event arrives again. */
  duplicate: 0.15,
  /** An event is lost for good: only whoever waits for an answer asks again. */
  loss: 0.1,
  /** The process ends before or after a step of the database. */
  crash: 0.03,
  /** The process stands still at a step of the database, and everybody else goes on. */
  pause: 0.02,
  /** A pause is one of minutes. */
  longPause: 0.05,
  /** The provider's answer, or the request to it, is lost. */
  provider: 0.2,
} as const
