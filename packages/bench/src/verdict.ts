/** Whether a figure that ought to be large is. */
export const atLeast = (value: number, target: number | undefined): string =>
  target === undefined ? '' : value >= target ? `≥ ${target}` : `below ${target}`

/** Whether a figure that ought to be small is. */
export const atMost = (value: number, target: number): string => (value <= target ? `≤ ${target}` : `above ${target}`)
