import type { TObject } from 'typebox'
import { Errors } from 'typebox/value'
import { listAt, type Manifest, textAt } from '../manifest.ts'
import { podTemplates } from '../pods.ts'
import { environmentOf } from './references.ts'

/** Each service with the schema of its settings. */
export type Settings = Readonly<Record<string, TObject>>

/** A service is given every variable that it needs, and none that it does not know. */
export const environmentIsComplete =
  (settings: Settings) =>
  (manifests: readonly Manifest[]): readonly string[] =>
    Object.entries(settings).flatMap(([service, schema]) => {
      const given = environmentOf(manifests, service)
      const named = namedOf(manifests, service)
      const missing = (schema.required ?? []).filter(
        (name) => !given.has(name) && !('default' in propertyOf(schema, name)),
      )
      const unknown = [...given.keys(), ...named].filter((name) => !(name in schema.properties))
      const wrong = [...given].flatMap(([name, text]) => {
        const property = schema.properties[name]
        if (property === undefined || text === undefined) return []
        return Errors(property, valueOf(property, text)).map(({ message }) => `${service}: ${name} ${message}`)
      })
      return [
        ...missing.map((name) => `${service}: ${name} is not given`),
        ...[...new Set(unknown)].map((name) => `${service}: ${name} is not known`),
        ...wrong,
      ]
    })

/** Also those that may be left out. */
const namedOf = (manifests: readonly Manifest[], service: string): readonly string[] =>
  podTemplates(manifests)
    .filter(({ owner }) => owner.kind === 'Deployment' && owner.name === service)
    .flatMap(({ containers }) => containers.flatMap(({ fields }) => listAt(fields, 'env')))
    .map((variable) => textAt(variable, 'name'))

const propertyOf = (schema: TObject, name: string) => schema.properties[name] ?? {}

function valueOf(property: object, text: string): unknown {
  const type: unknown = 'type' in property ? property.type : undefined
  if (type === 'integer' || type === 'number') return Number(text)
  return type === 'boolean' ? text === 'true' : text
}
