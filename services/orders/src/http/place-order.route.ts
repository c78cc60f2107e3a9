import { placeOrderRoute } from '@tradewind/contracts/orders'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { Answers } from '../store/answers.ts'
import type { Admission } from '../use-cases/admission.ts'
import type { AwaitDecision } from '../use-cases/await-decision.ts'
import type { PlaceOrder } from '../use-cases/place-order.ts'
import { presentOrder } from './present-order.ts'

interface Ports {
  readonly admission: Admission
  readonly placeOrder: PlaceOrder
  readonly awaitDecision: AwaitDecision
  readonly answers: Answers
}

/** Longest a client may ask to wait. */
const maxWaitSeconds = 30

/** `Prefer: wait=5` (RFC 7240), in milliseconds; undefined when the client does not wait. */
function waitMs(prefer: string | undefined): number | undefined {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,4})/i.exec(prefer ?? '')?.[1]
  return seconds === undefined ? undefined : Math.min(Number(seconds), maxWaitSeconds) * 1000
}

export const placeOrder = ({ placeOrder: place, awaitDecision, answers, admission }: Ports) =>
  implementRoute(placeOrderRoute, async ({ body, headers, caller }) => {
    admission.admit()
    const command = { ...body, customerId: caller.userId, idempotencyKey: headers['idempotency-key'] }
    const { order, accepted, replayed } = await place(command)
    const milliseconds = waitMs(headers.prefer)
    const first = replayed ? await answers.find(order.id) : undefined
    const answer =
      first ??
      (milliseconds === undefined
        ? presentOrder(accepted)
        : await answers.keepFirst(presentOrder(await awaitDecision(order, milliseconds))))
    const replayedHeader = replayedHeaders(replayed).headers
    const applied = milliseconds === undefined ? {} : { 'preference-applied': `wait=${milliseconds / 1000}` }
    return { status: 201, body: answer, headers: { location: `/v1/orders/${order.id}`, ...applied, ...replayedHeader } }
  })
