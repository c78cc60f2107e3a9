import { streamOrderRoute } from '@tradewind/contracts/orders'
import { implementRoute } from '@tradewind/service-kit/route'
import type { FollowOrder, Glance } from '../use-cases/follow-order.ts'
import type { ReadOrders } from '../use-cases/read-orders.ts'
import { customerOf } from './customer-of.ts'

interface Ports {
  readonly orders: ReadOrders
  readonly follow: FollowOrder
  readonly isFollowed: (order: Awaited<ReturnType<ReadOrders['find']>>, after: number) => boolean
}

/** A comment after this long without news, so that nobody in between takes the connection for dead. */
const quietMs = 10_000

/** One timeline entry in the format of the HTML standard's server-sent events. */
const eventText = ({ number, entry: { at, type, service, data, traceId } }: Glance['entries'][number]): string =>
  `id: ${number}\nevent: ${type}\ndata: ${JSON.stringify({ at: at.toISOString(), type, service, data, traceId })}\n\n`

async function* eventStream(glances: AsyncIterable<Glance>): AsyncGenerator<Uint8Array> {
  let lastWriteAt = performance.now()
  yield Buffer.from('retry: 1000\n\n')
  for await (const { entries } of glances) {
    if (entries.length === 0 && performance.now() - lastWriteAt < quietMs) continue
    lastWriteAt = performance.now()
    yield Buffer.from(entries.length === 0 ? ': still here\n\n' : entries.map(eventText).join(''))
  }
}

export const streamOrder = ({ orders, follow, isFollowed }: Ports) =>
  implementRoute(streamOrderRoute, async ({ params, headers, caller, request }) => {
    const order = await orders.find(params.id, customerOf(caller, 'orders:read:any'))
    const after = Number(headers['last-event-id'] ?? 0)
    if (isFollowed(order, after)) return { status: 204, body: null }
    const body = eventStream(follow(order, after, request.server.stopping))
    const noBuffers = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
    return { status: 200, body, headers: { 'content-type': 'text/event-stream; charset=utf-8', ...noBuffers } }
  })
