import type { Outcome, Run } from './simulate.ts'

/** What failed and how it came to that, for somebody who is to find out why. */
export function report({ seed, orders, faults }: Run, { violations, history }: Outcome): string {
  return [
    `seed ${seed}, ${orders} orders, ${[...faults].join(' ') || 'no faults'}:`,
    ...violations.map(({ invariant, message }) => `  ${invariant} ${message}`),
    ...history,
    `pnpm simulate --seed ${seed} --orders ${orders} --faults ${[...faults].join(',')}`,
  ].join('\n')
}
