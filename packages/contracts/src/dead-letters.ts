import { type Static, Type } from 'typebox'
import { Line, Page, pageQuery, Strict, Timestamp } from './common.ts'
import { defineQuery } from './query.ts'
import { defineRoute, type ServiceName } from './route.ts'

/** Its place in the dead-letter stream. */
const DeadLetterId = Type.String({ pattern: '^dlq_[1-9][0-9]{0,14}$', maxLength: 19 })

const DeadLetter = Type.Object({
  id: DeadLetterId,
  /** Of the event; null where it came without one. */
  eventId: Type.Union([Type.String(), Type.Null()]),
  /** What the event was published as, `orders.order.placed.v1`. */
  type: Type.String(),
  service: Type.String({ description: 'the service that gave it up' }),
  consumer: Type.String(),
  reason: Type.String(),
  deliveries: Type.Integer(),
  at: Timestamp,
})
export type DeadLetter = Static<typeof DeadLetter>

const params = Strict({ id: DeadLetterId })

export const listDeadLettersRoute = defineRoute('orders', 'GET', '/v1/ops/dead-letters', 'operations:read', {
  summary: 'Events that a consumer gave up, the oldest first',
  querystring: Strict(pageQuery),
  response: { 200: Page(DeadLetter) },
})

export const getDeadLetterRoute = defineRoute('orders', 'GET', '/v1/ops/dead-letters/:id', 'operations:read', {
  summary: 'One event that a consumer gave up, with what it said',
  params,
  response: {
    200: Type.Object({
      ...DeadLetter.properties,
      data: Type.String({ description: 'its body as text, up to 64 KiB of it' }),
    }),
  },
})

export const replayDeadLetterRoute = defineRoute(
  'orders',
  'POST',
  '/v1/ops/dead-letters/:id/replay',
  'operations:write',
  {
    summary: 'Gives the event as it is to the consumer that gave it up, once more',
    description: 'It leaves the dead letters when it is handled, and stays with the new reason when not.',
    params,
    response: {
      200: Type.Object({
        failure: Type.Union([Type.String(), Type.Null()], {
          description: 'why it failed again; null when it was handled',
        }),
      }),
    },
  },
)

export const discardDeadLetterRoute = defineRoute(
  'orders',
  'POST',
  '/v1/ops/dead-letters/:id/discard',
  'operations:write',
  {
    summary: 'Removes the event for good',
    params,
    body: Strict({ reason: Line(500) }),
    response: { 204: Type.Null() },
  },
)

export const deadLetterRoutes = [
  listDeadLettersRoute,
  getDeadLetterRoute,
  replayDeadLetterRoute,
  discardDeadLetterRoute,
]

/** Asks the service that gave an event up to handle it now. */
export const deadLetterReplayQuery = (service: ServiceName) =>
  defineQuery(
    `query.${service}.dead-letter-replay.v1`,
    Type.Object({ sequence: Type.Integer({ minimum: 1 }) }),
    Type.Object({ failure: Type.Union([Type.String(), Type.Null()]) }),
  )
