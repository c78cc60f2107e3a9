import type { Messaging } from '@tradewind/messaging/connection'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type CountExchange, maxReported } from './http/shared-counts.ts'

/** Plain messages that nobody keeps: a count is worth nothing a minute later. */
const subject = 'gateway.counts.v1'

const Report = Compile(
  Type.Object({
    from: Type.String({ maxLength: 64 }),
    window: Type.Integer({ minimum: 0 }),
    counts: Type.Array(Type.Tuple([Type.String({ maxLength: 64 }), Type.Integer({ minimum: 1 })]), {
      maxItems: maxReported,
    }),
  }),
)

/** Replicas of the gateway tell each other what they counted, over the broker. */
export const createCountExchange = ({ connection, logger }: Messaging): CountExchange => ({
  send: (report) => {
    // Without the broker each replica counts for itself.
    if (!connection.isClosed()) connection.publish(subject, JSON.stringify(report))
  },
  onReport: (listener) => {
    connection.subscribe(subject, {
      callback: (failure, message) => {
        try {
          if (failure !== null) throw failure
          listener(Report.Parse(message.json()))
        } catch (error) {
          logger.warn({ err: error, subject }, 'a report of counts could not be read')
        }
      },
    })
  },
})
