import type { Type } from 'typebox'

/** A question that one service answers to another over NATS request and reply; nothing of it is stored in a stream. */
export interface QueryContract<Q extends Type.TSchema = Type.TSchema, A extends Type.TSchema = Type.TSchema> {
  readonly subject: string
  readonly question: Q
  readonly answer: A
}

/** Declares a question once for both sides. The subject has the form `query.<service>.<what>.v<n>`. */
export function defineQuery<Q extends Type.TSchema, A extends Type.TSchema>(
  subject: `query.${string}`,
  question: Q,
  answer: A,
): QueryContract<Q, A> {
  return { subject, question, answer }
}
