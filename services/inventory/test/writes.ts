import type { InventoryPorts } from '../src/app.ts'

/** What a test may do to the writes of one process. */
export interface Writes {
  /** Lets the process die at its n-th write from now on, before it or right after it. Nothing is written afterwards. */
  readonly dieAt: (n: number, moment: 'before' | 'after') => void
  /** Starts it again. True when it had died. */
  readonly revive: () => Promise<boolean>
  /** Writes since the last start. */
  readonly count: () => number
  /** Holds every write to a document back until `resume`. */
  readonly pause: (id: string) => { readonly reached: Promise<void>; readonly resume: () => void }
}

export class Crash extends Error {}

/** Stands between the use cases and their stores, so that every write is a point at which a process can die or stall. */
export function interceptWrites(): { writes: Writes; wrap: (ports: InventoryPorts) => InventoryPorts } {
  let count = 0
  let fatal = Number.POSITIVE_INFINITY
  let fatalMoment: 'before' | 'after' = 'before'
  let dead = false
  const underWay = new Set<Promise<unknown>>()
  const gates = new Map<string, { reached: () => void; open: Promise<void> }>()

  async function write<T>(id: string, carryOut: () => Promise<T>): Promise<T> {
    const gate = gates.get(id)
    if (gate !== undefined) {
      gate.reached()
      await gate.open
    }
    if (dead) throw new Crash('the process is dead')
    count += 1
    const isFatal = count === fatal
    if (isFatal) dead = true
    if (isFatal && fatalMoment === 'before') throw new Crash(`died before write ${count}`)
    const work = carryOut()
    underWay.add(work)
    try {
      const result = await work
      if (isFatal) throw new Crash(`died after write ${count}`)
      return result
    } finally {
      underWay.delete(work)
    }
  }

  return {
    writes: {
      dieAt: (n, moment) => {
        fatal = count + n
        fatalMoment = moment
      },
      revive: async () => {
        await Promise.allSettled(underWay)
        const had = dead
        dead = false
        fatal = Number.POSITIVE_INFINITY
        count = 0
        return had
      },
      count: () => count,
      pause: (id) => {
        const reached = Promise.withResolvers<void>()
        const open = Promise.withResolvers<void>()
        gates.set(id, { reached: reached.resolve, open: open.promise })
        return {
          reached: reached.promise,
          resume: () => {
            gates.delete(id)
            open.resolve()
          },
        }
      },
    },
    wrap: (ports) => {
      const { stock, reservations, transfers, claims, products, jobs, jobErrors, jobFiles } = ports
      return {
        ...ports,
        stock: {
          ...stock,
          update: (id, decide) => write(id, () => stock.update(id, decide)),
          upsert: (id, decide) => write(id, () => stock.upsert(id, decide)),
        },
        products: {
          ...products,
          insert: (state, ...events) => write(state.id, () => products.insert(state, ...events)),
          upsert: (id, decide) => write(id, () => products.upsert(id, decide)),
        },
        jobs: {
          ...jobs,
          update: (id, decide) => write(id, () => jobs.update(id, decide)),
          upsert: (id, decide) => write(id, () => jobs.upsert(id, decide)),
        },
        jobErrors: {
          ...jobErrors,
          record: (id, refused) => write(id, () => jobErrors.record(id, refused)),
        },
        jobFiles: {
          ...jobFiles,
          save: (id, jobId, content) => write(id, () => jobFiles.save(id, jobId, content)),
          remove: (id) => write(id, () => jobFiles.remove(id)),
        },
        reservations: {
          ...reservations,
          insert: (state, ...events) => write(state.id, () => reservations.insert(state, ...events)),
          update: (id, decide) => write(id, () => reservations.update(id, decide)),
          upsert: (id, decide) => write(id, () => reservations.upsert(id, decide)),
        },
        transfers: {
          ...transfers,
          insert: (state, ...events) => write(state.id, () => transfers.insert(state, ...events)),
          update: (id, decide) => write(id, () => transfers.update(id, decide)),
        },
        claims: { claim: (userId, key, request) => write(key, () => claims.claim(userId, key, request)) },
      }
    },
  }
}
