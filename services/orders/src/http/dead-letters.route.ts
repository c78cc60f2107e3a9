import {
  discardDeadLetterRoute,
  getDeadLetterRoute,
  listDeadLettersRoute,
  replayDeadLetterRoute,
  type DeadLetter as Shown,
} from '@tradewind/contracts/dead-letters'
import type { DeadLetter } from '@tradewind/messaging/dead-letters'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { type ImplementedRoute, implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { RepairDeadLetters } from '../use-cases/repair-dead-letters.ts'

const Place = Type.Integer({ minimum: 1 })
const longestShown = 65_536

const idOf = (sequence: number) => `dlq_${sequence}`
const sequenceOf = (id: string) => Number(id.slice('dlq_'.length))

const present = ({ sequence, eventId, subject, service, consumer, reason, deliveries, at }: DeadLetter): Shown => ({
  id: idOf(sequence),
  eventId: eventId ?? null,
  type: subject,
  service,
  consumer,
  reason,
  deliveries,
  at: at.toISOString(),
})

export const deadLetterRoutes = (repair: RepairDeadLetters): ImplementedRoute[] => [
  implementRoute(listDeadLettersRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? 0 : decodeCursor(Place, query.cursor)
    const { items, nextCursor } = pageOf(await repair.after(after, limit + 1), limit, ({ sequence }) => sequence)
    return { status: 200, body: { items: items.map(present), nextCursor } }
  }),
  implementRoute(getDeadLetterRoute, async ({ params }) => {
    const letter = await repair.find(sequenceOf(params.id))
    const data = Buffer.from(letter.message.data).toString().slice(0, longestShown)
    return { status: 200, body: { ...present(letter), data } }
  }),
  implementRoute(replayDeadLetterRoute, async ({ params, caller }) => {
    const failure = await repair.replay(sequenceOf(params.id), caller.userId)
    return { status: 200, body: { failure: failure ?? null } }
  }),
  implementRoute(discardDeadLetterRoute, async ({ params, body, caller }) => {
    await repair.discard(sequenceOf(params.id), body.reason, caller.userId)
    return { status: 204, body: null }
  }),
]
