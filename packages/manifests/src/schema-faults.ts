import { Type } from 'typebox'
import { Errors } from 'typebox/value'
import { called, type Fields, fieldsAt, isFields, type Manifest } from './manifest.ts'

/** A validator that the package of schemas generates: true, or false with `errors` on the function. */
type Validate = ((data: unknown) => boolean) & { readonly errors?: readonly unknown[] | null }

const isValidate = (value: unknown): value is Validate => typeof value === 'function'

/**
 * What the schema of its kind says against an object, and every field that the schema does not know. The generated
 * validators let unknown fields pass; but they read exactly the fields that they know, so whatever was not read is unknown.
 */
export async function schemaFaults(manifest: Manifest): Promise<readonly string[]> {
  if (manifest.kind === 'HTTPRoute') return httpRouteFaults(manifest)
  const validate = await validatorOf(manifest)
  if (validate === undefined) return [`${called(manifest)}: there is no schema for ${manifest.apiVersion}`]
  const unread = new Set<string>()
  const valid = validate(watched(unfolded(manifest.fields), '', unread))
  const faults = valid ? [] : (validate.errors ?? []).map((error) => `${called(manifest)}: ${JSON.stringify(error)}`)
  return [...faults, ...[...unread].map((path) => `${called(manifest)}: unknown field ${path}`)]
}

/** Long base64 is rendered in several lines, which Kubernetes reads as one and the schema does not. */
const unfolded = (fields: Fields): Fields =>
  fields['kind'] === 'Secret'
    ? {
        ...fields,
        data: Object.fromEntries(
          Object.entries(fieldsAt(fields, 'data')).map(([name, value]) => [name, String(value).replaceAll(/\s/g, '')]),
        ),
      }
    : fields

/** `apps/v1` and `Deployment` make `IoK8sApiAppsV1Deployment`. */
async function validatorOf({ apiVersion, kind }: Manifest): Promise<Validate | undefined> {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
  const schema = `IoK8sApi${capital(group.split('.')[0] ?? '')}${capital(version)}${kind}`
  const module: unknown = await import(`kubernetes-models/_schemas/${schema}`).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  })
  return isFields(module) && isValidate(module['validate']) ? module['validate'] : undefined
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** The same value, noting in `unread` the path of every field that has not been read yet. */
function watched(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const name of Object.keys(value)) if (!Array.isArray(value)) unread.add(`${path}/${name}`)
  const known = new Map<string, unknown>()
  return new Proxy(value, {
    get(target, name, receiver) {
      const field: unknown = Reflect.get(target, name, receiver)
      if (typeof name !== 'string') return field
      const fieldPath = `${path}/${name}`
      unread.delete(fieldPath)
      if (!known.has(name)) known.set(name, watched(field, fieldPath, unread))
      return known.get(name)
    },
  })
}

const strict = { additionalProperties: false }
const Name = Type.String({ pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 })

/** The part of the Gateway API that is used here (gateway.networking.k8s.io/v1, HTTPRoute); its schemas come with no package. */
const HttpRoute = Type.Object(
  {
    apiVersion: Type.Literal('gateway.networking.k8s.io/v1'),
    kind: Type.Literal('HTTPRoute'),
    metadata: Type.Object(
      { name: Name, namespace: Type.Optional(Name), labels: Type.Optional(Type.Record(Type.String(), Type.String())) },
      strict,
    ),
    spec: Type.Object(
      {
        parentRefs: Type.Array(
          Type.Object({ name: Name, namespace: Type.Optional(Name), sectionName: Type.Optional(Name) }, strict),
          { minItems: 1, maxItems: 32 },
        ),
        hostnames: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { maxItems: 16 }),
        rules: Type.Array(
          Type.Object(
            {
              matches: Type.Array(
                Type.Object(
                  {
                    path: Type.Object(
                      { type: Type.Enum(['Exact', 'PathPrefix']), value: Type.String({ pattern: '^/' }) },
                      strict,
                    ),
                  },
                  strict,
                ),
              ),
              backendRefs: Type.Array(
                Type.Object({ name: Name, port: Type.Integer({ minimum: 1, maximum: 65_535 }) }, strict),
              ),
            },
            strict,
          ),
          { minItems: 1, maxItems: 16 },
        ),
      },
      strict,
    ),
  },
  strict,
)

const httpRouteFaults = (manifest: Manifest): readonly string[] =>
  Errors(HttpRoute, manifest.fields).map(
    ({ instancePath, message }) => `${called(manifest)}: ${instancePath} ${message}`,
  )
