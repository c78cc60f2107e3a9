/** When a key came to be and when it begins to sign. */
export interface ScheduledKey {
  readonly createdAt: Date
  readonly signsFrom: Date
}

export type KeyStatus = 'published' | 'signing' | 'retiring' | 'retired'

/**
 * What each key does now, latest first: the latest whose time has come signs; later ones are published, so that everybody
 * knows them before they are used; earlier ones are kept until what they signed has expired. Total, and the same wherever
 * it is asked, so replicas agree without talking.
 */
export function statusesOf(latestFirst: readonly ScheduledKey[], now: Date, keptMs: number): readonly KeyStatus[] {
  const due = latestFirst.findIndex(({ signsFrom }) => signsFrom <= now)
  // The first key of all signs at once; there is nothing else to sign with.
  const signing = due === -1 ? latestFirst.length - 1 : due
  const successor = latestFirst[signing]
  return latestFirst.map((_, index) => {
    if (index < signing) return 'published'
    if (index === signing) return 'signing'
    const replacedAt = latestFirst[index - 1]?.signsFrom ?? successor?.signsFrom ?? now
    return replacedAt.getTime() + keptMs > now.getTime() ? 'retiring' : 'retired'
  })
}

/** True when the latest key is so old that another should follow it. */
export const isRotationDue = (latest: ScheduledKey, everyMs: number, now: Date): boolean =>
  latest.signsFrom <= now && latest.createdAt.getTime() + everyMs <= now.getTime()
