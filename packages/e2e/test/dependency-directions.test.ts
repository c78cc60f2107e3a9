import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')

interface Import {
  readonly file: string
  readonly target: string
  readonly isTypeOnly: boolean
}

/** What a folder of a service may import. Entries that begin with `type:` are allowed for types only. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  domain: ['domain', '@tradewind/service-kit/errors'],
  'use-cases': [
    'use-cases',
    'domain',
    'type:store',
    'type:formats',
    'type:mail',
    'type:crypto',
    'type:providers',
    'type:rates',
    'type:webhooks',
    'providers/payment-provider.ts',
    '@tradewind/contracts',
    '@tradewind/database/decision',
    '@tradewind/database/aggregate-store',
    'type:@tradewind/messaging/dead-letters',
    '@tradewind/service-kit/errors',
    '@tradewind/service-kit/idempotency',
    '@tradewind/service-kit/trace',
    'type:@tradewind/service-kit',
    'type:node:',
  ],
  http: [
    'http',
    'type:crypto',
    'type:use-cases',
    'type:store',
    'type:domain',
    '@tradewind/contracts',
    'type:@tradewind/database',
    'type:@tradewind/messaging/dead-letters',
    '@tradewind/service-kit',
    'typebox',
    'file-type',
    'node:',
  ],
  events: ['events', 'type:use-cases', 'type:domain', '@tradewind/contracts', '@tradewind/messaging'],
  store: [
    'store',
    'domain',
    'crypto',
    '@tradewind/database',
    'type:@tradewind/contracts',
    '@tradewind/service-kit/errors',
    '@tradewind/service-kit/ids',
    '@tradewind/service-kit/idempotency',
    '@tradewind/service-kit/keyring',
    '@tradewind/service-kit/sealing',
    '@tradewind/service-kit/tokens',
    'mongodb',
    'node:',
  ],
  formats: [
    'formats',
    'domain',
    '@tradewind/contracts',
    '@tradewind/service-kit/errors',
    '@tradewind/service-kit/json-body',
    '@tradewind/service-kit/validation',
    'type:typebox',
    'csv-parse',
    'csv-stringify',
    'node:',
  ],
  mail: ['mail', 'type:domain', 'mustache', 'nodemailer'],
  rates: ['rates', 'type:domain', '@tradewind/service-kit/errors', 'typebox'],
  webhooks: ['webhooks', 'type:domain', 'node:'],
  // The simulated provider keeps its own books.
  providers: [
    'providers',
    'type:domain',
    '@tradewind/database',
    '@tradewind/service-kit/errors',
    'cockatiel',
    'mongodb',
    'stripe',
    'node:',
  ],
  crypto: [
    'crypto',
    'domain',
    '@tradewind/service-kit',
    '@node-rs/argon2',
    '@simplewebauthn/server',
    '@zxcvbn-ts/language-common',
    'jose',
    'openid-client',
    'otpauth',
    'typebox',
    'node:',
  ],
  'access-app.ts': ['use-cases', 'http', 'type:store', 'crypto', '@tradewind'],
  'account-app.ts': ['use-cases', 'http', 'type:store', 'type:crypto', '@tradewind'],
  'factor-app.ts': ['use-cases', 'http', 'type:store', 'crypto', '@tradewind'],
  'passkey-app.ts': ['use-cases', 'http', 'type:store', 'crypto', '@tradewind'],
  'outside-app.ts': ['use-cases', 'http', 'type:store', 'crypto', '@tradewind'],
  'oauth-app.ts': ['use-cases', 'http', 'type:store', 'crypto', '@tradewind'],
  'app.ts': [
    'access-app.ts',
    'account-app.ts',
    'factor-app.ts',
    'passkey-app.ts',
    'outside-app.ts',
    'oauth-app.ts',
    'catalogue-app.ts',
    'jobs-app.ts',
    'webhooks-app.ts',
    'guard-app.ts',
    'privacy-app.ts',
    'domain',
    'use-cases',
    'http',
    'events',
    'type:store',
    'type:mail',
    'type:providers',
    'type:rates',
    'crypto',
    '@tradewind',
  ],
  'catalogue-app.ts': ['use-cases', 'http', 'type:store', '@tradewind'],
  'jobs-app.ts': ['domain', 'formats', 'use-cases', 'http', 'type:store', '@tradewind'],
  'webhooks-app.ts': ['use-cases', 'http', 'events', 'type:store', 'type:crypto', 'type:webhooks', '@tradewind'],
  'privacy-app.ts': ['use-cases', 'http', 'type:store', 'crypto', '@tradewind', 'node:'],
  'guard-app.ts': ['domain', 'use-cases', 'http', 'type:store', 'crypto', '@tradewind'],
  'measured-orders.ts': ['domain', 'type:store', 'type:@tradewind/service-kit'],
  'migrate.ts': ['store/migrations.ts', '@tradewind/database'],
  'config.ts': ['rates', 'crypto/provider-settings.ts', '@tradewind/service-kit', 'typebox'],
}

/** Services with sagas and stock; the gateway has no domain and keeps to its own shape. */
const services = ['auth', 'inventory', 'orders', 'payments', 'notifications']
const statement = /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(statement)].map(([whole, typeKeyword, target = '']) => {
    const names = /\{([^}]*)\}/
      .exec(whole)?.[1]
      ?.split(',')
      .map((name) => name.trim())
    const onlyTypes = names?.filter((name) => name !== '').every((name) => name.startsWith('type ')) ?? false
    return { file, target, isTypeOnly: typeKeyword !== undefined || onlyTypes }
  })
}

/** `domain`, `app.ts`, `@tradewind/contracts/orders`: what an import leads to, as the table names it. */
function placeOf(src: string, { file, target }: Import): string {
  return target.startsWith('.') ? relative(src, resolve(dirname(file), target)) : target
}

const matches = (place: string, rule: string) =>
  place === rule || place.startsWith(rule.endsWith(':') ? rule : `${rule}/`)

const sourcesOf = (service: string) =>
  globSync('**/*.ts', { cwd: join(root, 'services', service, 'src') })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => join(root, 'services', service, 'src', file))

describe.each(services)('%s', (service) => {
  const src = join(root, 'services', service, 'src')
  const sources = sourcesOf(service)

  test('imports only in the directions of the design', () => {
    const wrong = sources.flatMap((file) => {
      const [folder = ''] = relative(src, file).split('/')
      if (folder === 'main.ts' || folder === 'cli.ts') return []
      const rules = allowed[folder]
      if (rules === undefined) return [`${relative(root, file)}: no rule says what ${folder} may know`]
      return importsOf(file)
        .filter((one) => {
          const place = placeOf(src, one)
          return !rules.some((rule) =>
            rule.startsWith('type:') ? one.isTypeOnly && matches(place, rule.slice(5)) : matches(place, rule),
          )
        })
        .map((one) => `${relative(root, file)} imports ${one.target}`)
    })
    expect(wrong).toEqual([])
  })

  test('has a domain without clock, chance, environment or I/O', () => {
    const impure = sources
      .filter((file) => relative(src, file).startsWith('domain/'))
      .filter((file) =>
        /new Date\(\)|Date\.now|Math\.random|randomUUID|process\.|performance\.|await |fetch\(/.test(
          readFileSync(file, 'utf8'),
        ),
      )
    expect(impure.map((file) => relative(root, file))).toEqual([])
  })

  test('reads the environment nowhere but in config.ts', () => {
    const readers = sources.filter((file) => /process\.env|loadConfig\(/.test(readFileSync(file, 'utf8')))
    expect(readers.map((file) => basename(file))).toEqual(['config.ts'])
  })

  test('is started by main.ts, which nobody imports', () => {
    const importers = sources.filter((file) => importsOf(file).some(({ target }) => target.endsWith('/main.ts')))
    expect(importers).toEqual([])
  })
})

test('no service imports another', () => {
  const wrong = globSync('services/*/{src,test}/**/*.ts', { cwd: root }).flatMap((file) => {
    const own = file.split('/')[1]
    return importsOf(join(root, file))
      .filter(({ target }) => {
        const other = /^@tradewind\/(gateway|auth|inventory|orders|payments|notifications)(\/|$)/.exec(target)?.[1]
        return (other !== undefined && other !== own) || /services\//.test(target)
      })
      .map(({ target }) => `${file} imports ${target}`)
  })
  expect(wrong).toEqual([])
})

test('every route of a service comes from a contract, which says who may call it', () => {
  const around = globSync('services/{auth,inventory,orders,payments,notifications}/src/**/*.ts', { cwd: root }).filter(
    (file) => /\braw:|\.route\(|\bapp\.(get|post|put|patch|delete|all)\(/.test(readFileSync(join(root, file), 'utf8')),
  )
  expect(around).toEqual([])
})
