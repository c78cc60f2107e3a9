import { connectMessaging } from '@tradewind/messaging/connection'
import { createLogger } from '@tradewind/service-kit/log'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createCountExchange } from '../src/count-exchange.ts'
import { type CountExchange, type CountReport, createSharedCounts, windowMs } from '../src/http/shared-counts.ts'

const start = 1000 * windowMs

/** Replicas that hear each other when they say so. */
function createReplicas(count: number) {
  const clock = { now: start + 10_000 }
  const listeners: ((report: CountReport) => void)[] = []
  const sent: CountReport[] = []
  const exchange: CountExchange = {
    send: (report) => {
      sent.push(report)
      for (const listener of listeners) listener(report)
    },
    onReport: (listener) => void listeners.push(listener),
  }
  const replicas = Array.from({ length: count }, (_, index) =>
    createSharedCounts({ id: `gtw_${index}`, exchange, now: () => clock.now }),
  )
  return { replicas, clock, sent }
}

describe('counts of several replicas', () => {
  test('add up once each has told the others, and not twice', () => {
    const { replicas } = createReplicas(3)
    for (const replica of replicas) for (let times = 0; times < 4; times++) replica.count('caller/usr_1')
    for (const replica of replicas) replica.share()
    for (const replica of replicas) replica.share()
    expect(replicas.map((replica) => replica.count('caller/usr_1').current)).toEqual([13, 13, 13])
  })

  test('let no more through than the limit and what the others admit between two reports', () => {
    const { replicas } = createReplicas(3)
    const limit = 90
    let admitted = 0
    for (let round = 0; round < 40; round++) {
      for (const replica of replicas)
        for (let times = 0; times < 5; times++) if (replica.count('caller/usr_1').current <= limit) admitted += 1
      for (const replica of replicas) replica.share()
    }
    expect(admitted).toBeGreaterThanOrEqual(limit)
    expect(admitted).toBeLessThanOrEqual(limit + 2 * 5)
  })

  test('begin anew with each window, and a late report of the last one counts for nothing', () => {
    const { replicas, clock, sent } = createReplicas(2)
    const [one, other] = replicas
    one?.count('caller/usr_1')
    one?.share()
    const [report] = sent
    expect(other?.count('caller/usr_1')).toEqual({ current: 2, remainingMs: windowMs - 10_000 })
    clock.now += windowMs
    expect(other?.count('caller/usr_1').current).toBe(1)
    expect(report).toMatchObject({ from: 'gtw_0', window: 1000 })
    one?.share()
    expect(other?.count('caller/usr_1').current).toBe(2)
  })

  test('leave the process as hashes, in reports of a bounded size', () => {
    const { replicas, sent } = createReplicas(2)
    for (let index = 0; index < 2500; index++) replicas[0]?.count(`caller/192.0.2.${index}`)
    replicas[0]?.share()
    expect(sent.map(({ counts }) => counts.length)).toEqual([1000, 1000, 500])
    expect(JSON.stringify(sent)).not.toContain('192.0.2')
  })
})

describe('over a broker', () => {
  let backends: Backends
  beforeAll(async () => {
    backends = await startBackends()
  })
  afterAll(() => backends.stop())

  async function connect(id: string) {
    const logger = createLogger({ name: 'gateway', level: 'silent' })
    const messaging = await connectMessaging({ url: backends.natsUrl, service: 'gateway', logger })
    onTestFinished(() => messaging.close())
    const counts = createSharedCounts({ id, exchange: createCountExchange(messaging), now: () => start })
    await messaging.connection.flush()
    return { counts, messaging }
  }

  test('replicas hear of each other, and rubbish is passed over', async () => {
    const [one, other] = [await connect('gtw_1'), await connect('gtw_2')]
    for (const rubbish of ['not JSON', '{"from":1}', '{"from":"x","window":1000,"counts":[["k",-5]]}'])
      one.messaging.connection.publish('gateway.counts.v1', rubbish)
    for (let times = 0; times < 3; times++) one.counts.count('caller/usr_1')
    one.counts.share()
    let own = 0
    await eventually(() => {
      own += 1
      return other.counts.count('caller/usr_1').current === own + 3
    })
  })
})
