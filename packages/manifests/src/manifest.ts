import { parseAllDocuments } from 'yaml'

export type Fields = Readonly<Record<string, unknown>>

/** One object as `kubectl apply` would send it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly fields: Fields
}

/** A rule looks at everything that is applied together and says what is wrong, one line each. */
export type Rule = (manifests: readonly Manifest[]) => readonly string[]

/** Reads a stream of YAML documents. Throws on what is no YAML or no object of Kubernetes. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw new Error(document.errors.map(({ message }) => message).join('; '))
      const value: unknown = document.toJS()
      return value
    })
    .filter((value) => value !== null)
    .map((value) => {
      if (!isFields(value)) throw new Error('a document is no object')
      const { apiVersion, kind } = value
      const name = at(value, 'metadata', 'name')
      if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string')
        throw new Error('a document has no apiVersion, kind or name')
      return { apiVersion, kind, name, fields: value }
    })
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value under a path of names, undefined where the path ends early. */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce((current, name) => (isFields(current) ? current[name] : undefined), value)

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  const found = at(value, ...path)
  return isFields(found) ? found : {}
}

/** A name or a number as text, else the empty text. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path)
  return typeof found === 'string' || typeof found === 'number' ? String(found) : ''
}

/** `Deployment/orders`, as faults call it. */
export const called = ({ kind, name }: Manifest): string => `${kind}/${name}`
