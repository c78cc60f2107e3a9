import { type Outcome, type Run, simulate } from './simulate.ts'

/** Takes away customers and faults as long as the run still fails, so that what is left is short enough to read. */
export async function shrink(run: Run): Promise<{ readonly run: Run; readonly outcome: Outcome }> {
  let smallest = run
  const stillFails = async (candidate: Run) => (await simulate(candidate)).violations.length > 0
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    const fewer = Array.from({ length: smallest.orders - 1 }, (_, index) => ({ ...smallest, orders: index + 1 }))
    const calmer = [...smallest.faults].map((fault) => ({
      ...smallest,
      faults: new Set([...smallest.faults].filter((other) => other !== fault)),
    }))
    for (const candidate of [...fewer, ...calmer]) {
      if (!(await stillFails(candidate))) continue
      smallest = candidate
      isSmaller = true
      break
    }
  }
  return { run: smallest, outcome: await simulate(smallest, true) }
}
