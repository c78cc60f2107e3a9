import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { TSchema } from 'typebox'
import { defineError, type InputFault } from './errors.ts'

export const InvalidInput = defineError(
  'INVALID_INPUT',
  'invalid',
  'The request is not valid; `errors` names every fault.',
)

const maxFaultsShown = 50

const ajv = addFormats.default(
  new Ajv({
    allErrors: true,
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    strict: true,
    // A schema may describe a field as one of several types; each type is still checked exactly.
    allowUnionTypes: true,
  }),
)

/** A type guard for the schema; it changes nothing in the value and reports every fault. */
export const compile = <T>(schema: TSchema): ValidateFunction<T> => ajv.compile<T>(schema)

/** What a validator found, as JSON pointers under a prefix (empty for the body). */
export function faultsOf(prefix: string, errors: readonly ErrorObject[] | null | undefined): InputFault[] {
  const seen = new Map<string, InputFault>()
  for (const error of errors ?? []) {
    const fault = faultOf(prefix, error)
    seen.set(`${fault.pointer}\n${fault.detail}`, fault)
    if (seen.size === maxFaultsShown) break
  }
  return [...seen.values()]
}

const escapePointer = (segment: string): string => segment.replaceAll('~', '~0').replaceAll('/', '~1')

function faultOf(prefix: string, { instancePath, keyword, params, message }: ErrorObject): InputFault {
  const at = (key: unknown) => `${prefix}${instancePath}/${escapePointer(String(key).slice(0, 100))}`
  switch (keyword) {
    case 'required':
      return { pointer: at(params['missingProperty']), detail: 'is required' }
    case 'additionalProperties':
      return { pointer: at(params['additionalProperty']), detail: 'is not a known field' }
    case 'enum':
      return {
        pointer: `${prefix}${instancePath}`,
        detail: `must be one of ${[params['allowedValues']].flat().join(', ')}`,
      }
    default:
      return { pointer: `${prefix}${instancePath}`, detail: message ?? 'is not valid' }
  }
}
