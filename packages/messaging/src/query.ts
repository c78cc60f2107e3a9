import { headers as createHeaders } from '@nats-io/nats-core'
import type { QueryContract } from '@tradewind/contracts/query'
import { defineError } from '@tradewind/service-kit/errors'
import { currentTraceparent, runInSpan, type SpanDescription, sendInSpan } from '@tradewind/service-kit/trace'
import type { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Messaging } from './connection.ts'

export const QueryUnanswered = defineError(
  'MESSAGING_QUERY_UNANSWERED',
  'unavailable',
  'Another service did not answer a question in time.',
)

const answerTimeoutMs = 2000

/** Answers a question of other services. One replica answers each. Invalid questions and failures are answered with an error, never left open. */
export function answerQuery<Q extends Type.TSchema, A extends Type.TSchema>(
  messaging: Messaging,
  contract: QueryContract<Q, A>,
  answer: (question: Type.Static<Q>) => Promise<Type.Static<A>>,
): void {
  const question = Compile(contract.question)
  messaging.connection.subscribe(contract.subject, {
    queue: messaging.service,
    callback: (failure, message) => {
      if (failure !== null) {
        messaging.logger.error({ err: failure, subject: contract.subject }, 'a question could not be received')
        return
      }
      Promise.try(() => {
        const asked: unknown = message.json()
        if (!question.Check(asked)) throw new Error('the question does not match its contract')
        const traceparent = message.headers?.get('traceparent')
        return runInSpan(traceparent, describe('answer', contract.subject), () => answer(asked))
      }).then(
        (found) => message.respond(JSON.stringify({ answer: found })),
        (error: unknown) => {
          messaging.logger.warn({ err: error, subject: contract.subject }, 'a question could not be answered')
          message.respond(JSON.stringify({ error: 'failed' }))
        },
      )
    },
  })
}

/** Asks and waits for up to two seconds. Throws `QueryUnanswered` when nobody answers, or the answer is not what the contract says. */
export function askQuery<Q extends Type.TSchema, A extends Type.TSchema>(
  messaging: Messaging,
  contract: QueryContract<Q, A>,
): (question: Type.Static<Q>) => Promise<Type.Static<A>> {
  const answers = Compile(contract.answer)
  return async (question) => {
    const reply = await sendInSpan(currentTraceparent(), describe('ask', contract.subject), (traceparent) => {
      const headers = createHeaders()
      if (traceparent !== undefined) headers.set('traceparent', traceparent)
      return messaging.connection.request(contract.subject, JSON.stringify(question), {
        timeout: answerTimeoutMs,
        headers,
      })
    }).catch((cause: unknown) => {
      throw QueryUnanswered({ subject: contract.subject }, { cause })
    })
    const body = reply.json<{ answer?: unknown }>()
    if (!answers.Check(body.answer)) throw QueryUnanswered({ subject: contract.subject })
    return body.answer
  }
}

const describe = (act: 'ask' | 'answer', subject: string) => (): SpanDescription => ({
  name: `${act} ${subject}`,
  kind: act === 'ask' ? 'client' : 'server',
  attributes: { 'messaging.system': 'nats', 'messaging.destination.name': subject },
})
