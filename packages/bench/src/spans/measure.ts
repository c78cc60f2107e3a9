import { randomBytes } from 'node:crypto'
import { eventually } from '@tradewind/testkit/eventually'
import { type ReceivedSpan, receiveSpans } from '@tradewind/testkit/span-receiver'
import { median } from '../median.ts'
import { closedLoop, warmUpSeconds } from '../shop/load.ts'
import { confirmOrder } from '../shop/place-order.ts'
import { openShop } from '../shop/shop.ts'

export interface Options {
  readonly rounds: number
  readonly onProgress: (line: string) => void
}

export interface Step {
  readonly service: string
  readonly name: string
  /** After the gateway had the request. */
  readonly beginsMs: number
  readonly takesMs: number
}

const skuCount = 1000
const ordersOfRound = 20
const warmUpClients = 8
const first = 'gateway POST /v1/orders'
/** Each process sends its spans in its own time: the last of each that takes part. */
const lasts = [
  'gateway POST /v1/orders',
  'inventory publish inventory.reservation.committed.v1',
  'payments publish payments.payment.captured.v1',
  'auth answer query.auth.user-contact.v1',
  'notifications publish notifications.notification.sent.v1',
  'orders process notifications.notification.sent.v1',
]

/** The steps of an order in the order in which they begin; those that fewer than half of the orders take are left out. */
export async function measureSpans({ rounds, onProgress }: Options): Promise<Step[]> {
  const receiver = await receiveSpans()
  onProgress('starting the system, with a collector of its spans')
  const shop = await openShop(skuCount, warmUpClients, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint })
  try {
    await closedLoop(shop, warmUpClients, warmUpSeconds, (client) => confirmOrder(shop, client))
    const orders: ReceivedSpan[][] = []
    for (let round = 0; round < rounds; round += 1) {
      const traceIds: string[] = []
      for (let order = 0; order < ordersOfRound; order += 1) {
        const traceId = randomBytes(16).toString('hex')
        await confirmOrder(shop, order, { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` })
        traceIds.push(traceId)
      }
      for (const traceId of traceIds) orders.push(await eventually(() => traceOf(receiver.spans, traceId)))
      onProgress(`${orders.length} orders`)
    }
    return stepsOf(orders)
  } finally {
    await shop.stop()
    await receiver.close()
  }
}

const nameOf = ({ service, name }: ReceivedSpan) => `${service} ${name}`
const msOf = (unixNano: string) => Number(BigInt(unixNano) / 1000n) / 1000

function traceOf(spans: readonly ReceivedSpan[], traceId: string): ReceivedSpan[] | undefined {
  const found = spans.filter((span) => span.traceId === traceId)
  return lasts.every((name) => found.some((span) => nameOf(span) === name)) ? found : undefined
}

function stepsOf(orders: readonly (readonly ReceivedSpan[])[]): Step[] {
  const names = new Set(orders.flatMap((spans) => spans.map(nameOf)))
  const steps = [...names].flatMap((step) => {
    const taken = orders.flatMap((spans) => {
      const began = spans.find((span) => nameOf(span) === first)
      const span = spans.find((one) => nameOf(one) === step)
      if (began === undefined || span === undefined) return []
      const beginsAt = msOf(span.startTimeUnixNano)
      return [
        { span, beginsMs: beginsAt - msOf(began.startTimeUnixNano), takesMs: msOf(span.endTimeUnixNano) - beginsAt },
      ]
    })
    const [one] = taken
    if (one === undefined || taken.length < orders.length / 2) return []
    const beginsMs = median(taken.map((each) => each.beginsMs))
    return [
      { service: one.span.service, name: one.span.name, beginsMs, takesMs: median(taken.map((each) => each.takesMs)) },
    ]
  })
  return steps.toSorted((a, b) => a.beginsMs - b.beginsMs)
}
