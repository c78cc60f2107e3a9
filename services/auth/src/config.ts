import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { type Static, Type } from 'typebox'

const { JWKS_URL: _ownKeys, ...processSettings } = serviceSettings

export const configSchema = Type.Object({
  ...processSettings,
  ...backendSettings('tradewind_auth'),
  AUTH_BOOTSTRAP_OPERATOR_EMAIL: Type.Optional(
    Type.String({
      format: 'email',
      maxLength: 254,
      description: 'address of the operator account to keep at every start',
    }),
  ),
  AUTH_BOOTSTRAP_OPERATOR_PASSWORD: Type.Optional(
    Type.String({ minLength: 8, maxLength: 256, description: 'password that account has after every start' }),
  ),
  AUTH_HASH_CONCURRENCY: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 2,
    description: 'passwords hashed at once; each takes a core and 19 MiB',
  }),
  AUTH_HASH_QUEUE: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    default: 256,
    description: 'sign-ins that may wait for hashing; more are answered 503',
  }),
})
export type Config = Static<typeof configSchema>

export const readConfig = (env?: NodeJS.ProcessEnv): Config =>
  loadConfig(configSchema, env, (config) => {
    const { AUTH_BOOTSTRAP_OPERATOR_EMAIL: email, AUTH_BOOTSTRAP_OPERATOR_PASSWORD: password } = config
    if ((email === undefined) === (password === undefined)) return []
    return ['AUTH_BOOTSTRAP_OPERATOR_EMAIL and AUTH_BOOTSTRAP_OPERATOR_PASSWORD belong together: set both or none']
  })
