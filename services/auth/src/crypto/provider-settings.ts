import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'

/** In the clear only on this machine. */
const Issuer = Type.String({
  pattern: '^(https://[^/?# ]+|http://(localhost|127\\.0\\.0\\.1)(:[0-9]+)?)(/[^?# ]*)?$',
  maxLength: 512,
})
const Settings = Type.Array(
  Type.Object(
    {
      name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
      issuer: Issuer,
      clientId: Type.String({ minLength: 1, maxLength: 256 }),
      clientSecret: Type.String({ minLength: 1, maxLength: 512 }),
    },
    { additionalProperties: false },
  ),
  { maxItems: 10 },
)

/** The providers of a setting; undefined when it is not what it must be. The text holds secrets and is shown nowhere. */
export function parseProviders(text: string): Static<typeof Settings> | undefined {
  const value = parsed(text)
  if (!Check(Settings, value)) return undefined
  return new Set(value.map(({ name }) => name)).size === value.length ? value : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Said by whoever asks: the message of the parser would repeat the text.
    return undefined
  }
}
