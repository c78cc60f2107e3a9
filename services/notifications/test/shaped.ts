import type { Static, TSchema } from 'typebox'
import { Check, Errors } from 'typebox/value'

/** A body that has the shape of its contract. Throws with what is wrong when it has not. */
export function shaped<T extends TSchema>(schema: T, body: unknown): Static<T> {
  if (!Check(schema, body))
    throw new Error(`not of the shape: ${JSON.stringify([...Errors(schema, body)].slice(0, 3))}`)
  return body
}
