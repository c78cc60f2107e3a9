import type { Type } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

/** An event as the code handles it. On the wire `id`, `type`, `time` and `subject` are CloudEvents attributes in headers. */
export interface DomainEvent<T extends string = string, D = unknown> {
  readonly id: string
  readonly type: T
  readonly data: D
}

export interface EventContract<T extends string = string, S extends Type.TSchema = Type.TSchema> {
  /** Subject and type in one: `<service>.<entity>.<past-tense>.v<n>`. */
  readonly type: T
  readonly schema: S
  /** The owning service, the first part of the type. */
  readonly service: string
  readonly create: (id: string, data: Type.Static<S>) => DomainEvent<T, Type.Static<S>>
  /** True when the data has exactly the published shape. Tolerates fields that a later, additive version added. */
  readonly matches: (data: unknown) => data is Type.Static<S>
  /** Why the data does not match, one sentence per fault. */
  readonly faults: (data: unknown) => string[]
}

/** The data type of an event contract. */
export type EventData<C> = C extends EventContract<string, infer S> ? Type.Static<S> : never

/**
 * Declares an event once for the service that publishes it and all that consume it.
 * Throws when the type does not have the form `<service>.<entity>.<past-tense>.v<n>`.
 */
export function defineEvent<const T extends string, S extends Type.TSchema>(type: T, schema: S): EventContract<T, S> {
  const service = /^([a-z]+)\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$/.exec(type)?.[1]
  if (service === undefined) throw new Error(`not an event type: ${type}`)
  let validator: Validator | undefined
  const compiled = () => (validator ??= Compile(schema))
  return {
    type,
    schema,
    service,
    create: (id, data) => ({ id, type, data }),
    matches: (data): data is Type.Static<S> => compiled().Check(data),
    faults: (data) =>
      compiled()
        .Errors(data)
        .map(({ instancePath, message }) => `${instancePath || '/'} ${message}`),
  }
}
