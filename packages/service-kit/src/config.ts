import { Ajv, type ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import envSchema from 'env-schema'
import { type Static, type TObject, type TSchema, Type } from 'typebox'
import { trustedProxiesPattern } from './client-address.ts'
import { logLevels } from './log.ts'

/** The environment does not say what the process needs; `faults` names every variable at fault. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[], options?: { cause?: unknown }) {
    super(`The configuration is wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`, options)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

const port = (description: string) => Type.Integer({ minimum: 0, maximum: 65_535, default: 0, description })

/** Where and how every process listens and logs, and whom it trusts for tokens. */
export const serviceSettings = {
  HOST: Type.String({ default: '127.0.0.1', minLength: 1, description: 'address to listen on' }),
  PORT: port('port of the service; 0 takes a free one'),
  ADMIN_PORT: port('port of /livez, /readyz and /metrics; 0 takes a free one'),
  TRUSTED_PROXIES: Type.Optional(
    Type.String({
      pattern: trustedProxiesPattern,
      description:
        'whose X-Forwarded-For is believed: networks separated by commas (`10.0.0.0/8,loopback`), or a number of hops; nobody’s when not set',
    }),
  ),
  LOG_LEVEL: Type.Enum([...logLevels], { default: 'info', description: 'least severe line that is logged' }),
  TOKEN_ISSUER: Type.String({
    default: 'https://tradewind.local',
    minLength: 1,
    description: 'issuer that access tokens must name',
  }),
  TOKEN_AUDIENCE: Type.String({
    default: 'tradewind',
    minLength: 1,
    description: 'audience that access tokens must name',
  }),
  JWKS_URL: Type.String({
    format: 'uri',
    description: 'where the public keys of access tokens are, `/.well-known/jwks.json` of auth',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description: 'where spans are sent, an OTLP receiver over HTTP (`http://collector:4318`); nowhere when not set',
    }),
  ),
}

/** Where the broker is, and how many of its servers keep each stream that is created. */
export const natsSettings = {
  NATS_URL: Type.String({
    pattern: '^(nats|tls|ws|wss)://',
    description: 'address of NATS; several are separated by commas',
  }),
  NATS_REPLICAS: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 5,
    description: 'copies of each stream, the same for every service; 3 on a cluster',
  }),
}

/** Where a service keeps its facts and sends its events; the service names its own default database. */
export const backendSettings = (database: string) => ({
  MONGODB_URL: Type.String({ pattern: '^mongodb(\\+srv)?://', description: 'connection string of MongoDB' }),
  MONGODB_DATABASE: Type.String({
    default: database,
    pattern: '^[A-Za-z0-9_-]{1,63}$',
    description: 'database that belongs to this service alone',
  }),
  ...natsSettings,
})

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the environment by schema. An empty variable counts as not set.
 * Throws a ConfigError that names every fault at once and shows no value, since a value may be a secret.
 * `rules` adds faults that lie between variables.
 */
export function loadConfig<T extends TObject>(
  schema: T,
  env: Environment = process.env,
  rules: (config: Static<T>) => readonly string[] = () => [],
): Static<T> {
  const ajv = addFormats.default(
    new Ajv({ allErrors: true, useDefaults: true, coerceTypes: false, removeAdditional: true, strict: true }),
  )
  const data: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(schema.properties)) {
    const text = env[name]
    if (text !== undefined && text !== '') data[name] = fromText(property, text)
  }
  const config = checked(schema, data, ajv)
  const faults = rules(config)
  if (faults.length > 0) throw new ConfigError(faults)
  return config
}

function checked<T extends TObject>(schema: T, data: Record<string, unknown>, ajv: Ajv): Static<T> {
  try {
    return envSchema<Static<T>>({ schema: { ...schema }, data, env: false, ajv })
  } catch (cause) {
    if (!ajv.errors) throw cause
    throw new ConfigError([...new Set(ajv.errors.map((error) => faultOf(schema, error)))], { cause })
  }
}

const typeOf = (property: TSchema): unknown => ('type' in property ? property.type : undefined)

/** Text that is not exactly a number or a boolean stays text, so that the schema refuses it. */
function fromText(property: TSchema, text: string): unknown {
  switch (typeOf(property)) {
    case 'integer':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : text
    case 'number':
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    default:
      return text
  }
}

function faultOf(schema: TObject, error: ErrorObject): string {
  const missing: unknown = error.params['missingProperty']
  const name = typeof missing === 'string' ? missing : error.instancePath.slice(1)
  const property = schema.properties[name]
  const expected = property === undefined ? '' : ` (expected: ${expectation(property)})`
  return `${name} ${typeof missing === 'string' ? 'is not set' : error.message}${expected}`
}

const descriptionOf = (property: TSchema): string =>
  'description' in property && typeof property.description === 'string' ? property.description : ''

const kindOf = (property: TSchema): string => {
  if ('enum' in property && Array.isArray(property.enum)) return property.enum.join(', ')
  if ('minimum' in property && 'maximum' in property)
    return `${String(typeOf(property))} from ${String(property.minimum)} to ${String(property.maximum)}`
  const type = typeOf(property)
  if (type === 'string') return 'text'
  return type === 'boolean' ? 'true or false' : String(type)
}

const expectation = (property: TSchema): string =>
  [kindOf(property), descriptionOf(property)].filter((part) => part !== '').join('; ')

/** The variables of a schema as a Markdown table, for READMEs. Throws when a variable has no description. */
export function configTable(schema: TObject): string {
  const required = new Set(schema.required)
  const rows = Object.entries(schema.properties).map(([name, property]) => {
    const description = descriptionOf(property)
    if (description === '') throw new Error(`${name} has no description`)
    const fallback =
      'default' in property ? `\`${String(property.default)}\`` : required.has(name) ? 'required' : 'not set'
    return [`\`${name}\``, kindOf(property), fallback, description]
  })
  const table = [['Variable', 'Value', 'Default', 'Meaning'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`
  const [head = [], ...body] = table
  return [line(head, ' '), line(['', '', '', ''], '-'), ...body.map((row) => line(row, ' '))].join('\n')
}
