#!/usr/bin/env node
import { text } from 'node:stream/consumers'
import { connectDatabase } from '@tradewind/database/connection'
import { migrate } from '@tradewind/database/migrations'
import { ConfigError } from '@tradewind/service-kit/config'
import { DomainError } from '@tradewind/service-kit/errors'
import { newId } from '@tradewind/service-kit/ids'
import { createKeyring } from '@tradewind/service-kit/keyring'
import { Command } from 'commander'
import { guessLimitsOf, readConfig } from './config.ts'
import { createLetterTokens } from './crypto/letter-tokens.ts'
import { createPasswordHasher } from './crypto/password-hasher.ts'
import { AccountNotFound } from './domain/account.ts'
import { normaliseEmail } from './domain/email.ts'
import { createGuard } from './guard-app.ts'
import { migrations } from './store/migrations.ts'
import { openGuard } from './store/open-guard.ts'
import { openKeys } from './store/open-keys.ts'
import { createRepositories } from './store/repositories.ts'
import { makeEnsureOperator } from './use-cases/ensure-operator.ts'
import { makeResetMfa } from './use-cases/reset-mfa.ts'
import { makeRevokeSession, makeRevokeSessions } from './use-cases/revoke-sessions.ts'
import { makeRotateSigningKey } from './use-cases/rotate-signing-key.ts'
import { makeWithdrawSigningKey } from './use-cases/withdraw-signing-key.ts'
import { makeWriteLetter } from './use-cases/write-letter.ts'

/** Something is not as it should be: the chain is broken, or there is no such account. */
const refusedExitCode = 2
const configFaultExitCode = 78
const longestPassword = 256
const system = { kind: 'system' } as const

/** What the commands work with: the service's own database, by the service's own configuration. */
async function openStores() {
  const config = readConfig()
  const now = () => new Date()
  const { MONGODB_URL: url, MONGODB_DATABASE: name, AUTH_KEYS: secretKeys } = config
  const database = await connectDatabase({ url, name, appName: 'tradewind-auth-cli' })
  await migrate(database.db, migrations, now)
  const stores = createRepositories(database.db, now)
  const guarded = createGuard({
    ...(await openGuard(database.db, secretKeys, now)),
    limits: guessLimitsOf(config),
    now,
  })
  const base = { ...stores, ...guarded, now, newId }
  const revokeSessions = makeRevokeSessions({ ...base, revoke: makeRevokeSession(base) })
  const publishMs = config.AUTH_KEY_PUBLISH_SECONDS * 1000
  const writeLetter = makeWriteLetter({
    letterTokens: createLetterTokens(createKeyring(secretKeys, 'tradewind auth mail links')),
    now,
    newId,
  })
  return {
    ...base,
    revokeSessions,
    resetMfa: makeResetMfa({ ...base, revokeSessions, writeLetter }),
    rotate: async () =>
      await makeRotateSigningKey({ keys: await openKeys(database.db, secretKeys, now), now, publishMs })(),
    withdraw: async (kid: string) =>
      await makeWithdrawSigningKey({ ...base, keys: await openKeys(database.db, secretKeys, now) })(kid),
    ensureOperator: async (operator: { email: string; password: string }) => {
      const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 1 })
      return await makeEnsureOperator({ ...base, passwords, revokeSessions })(operator)
    },
    close: () => database.close(),
  }
}

type Opened = Awaited<ReturnType<typeof openStores>>
type Outcome = Readonly<Record<string, unknown>>

const program = new Command('tradewind auth')
  .description(
    'Works on accounts, sessions and keys where auth itself cannot be reached or nobody can sign in. Reads the configuration of the service from the environment and writes to its database; the running service tells the others.',
  )
  .option('--json', 'answers with JSON, for scripts')
  .showHelpAfterError()

/** Opens, works, says what came of it and closes, whatever happens. */
const run =
  <A extends readonly string[]>(work: (opened: Opened, ...given: A) => Promise<Outcome>) =>
  async (...given: A) => {
    const opened = await openStores()
    try {
      say(await work(opened, ...given))
    } finally {
      await opened.close()
    }
  }

function say(outcome: Outcome): void {
  const { json } = program.opts<{ json?: boolean }>()
  const lines = Object.entries(outcome).map(([name, value]) => `${name}: ${plainly(value)}`)
  process.stdout.write(`${json === true ? JSON.stringify(outcome) : lines.join('\n')}\n`)
}

const plainly = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** By its id or its address. */
async function accountOf({ accounts }: Opened, whom: string) {
  const found = whom.includes('@') ? await accounts.findByEmail(normaliseEmail(whom)) : await accounts.find(whom)
  if (found === undefined) throw AccountNotFound({ whom })
  return found
}

async function passwordFromInput(): Promise<string> {
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (password.length < 8 || password.length > longestPassword)
    throw new Error(`give a password of 8 to ${longestPassword} characters on standard input`)
  return password
}

program
  .command('create-admin')
  .description('makes an account an operator and admin, with the password that stands on standard input')
  .argument('<email>')
  .action(async (email: string) => {
    const password = await passwordFromInput()
    await run(async ({ ensureOperator }) => ({ outcome: await ensureOperator({ email, password }) }))()
  })

program
  .command('revoke-user')
  .description('ends every session of an account; its access tokens are refused within moments')
  .argument('<user>', 'id or e-mail address')
  .action(
    run(async (opened, user: string) => {
      const { id } = await accountOf(opened, user)
      const open = await opened.sessions.openOf(id)
      await opened.revokeSessions(id, 'logout')
      await opened.audit.record({ action: 'sign_out.all', actor: system, subject: id, detail: { by: 'command line' } })
      return { userId: id, ended: open.length }
    }),
  )

program
  .command('reset-mfa')
  .description(
    'takes code generator, recovery codes and passkeys away from an account and ends its sessions; its owner is told by mail',
  )
  .argument('<user>', 'id or e-mail address')
  .action(
    run(async (opened, user: string) => {
      const { id } = await accountOf(opened, user)
      await opened.resetMfa(id)
      await opened.audit.record({ action: 'mfa.reset', actor: system, subject: id, detail: { by: 'command line' } })
      return { userId: id }
    }),
  )

program
  .command('withdraw-key')
  .description(
    'takes a compromised signing key out of use: what it signed is refused everywhere within moments, and another signs',
  )
  .argument('<kid>', 'name of the key, as GET /v1/auth/keys and /.well-known/jwks.json show it')
  .action(
    run(async ({ withdraw, audit }, kid: string) => {
      const { signing } = await withdraw(kid)
      await audit.record({ action: 'key.withdrawn', actor: system, detail: { kid, by: 'command line' } })
      return { withdrawn: kid, signing }
    }),
  )

program
  .command('rotate-keys')
  .description('publishes a new key, which signs as soon as everybody has had time to fetch it')
  .action(
    run(async ({ rotate, audit }) => {
      const { kid, status, signsFrom } = await rotate()
      await audit.record({ action: 'key.rotated', actor: system, detail: { kid, by: 'command line' } })
      return { kid, status, signsFrom: signsFrom.toISOString() }
    }),
  )

program
  .command('verify-audit')
  .description('recomputes the chain of the audit log and names the first entry that does not hold; exits 2 then')
  .option('--seq <seq>', 'place of a head that was noted elsewhere')
  .option('--hash <hash>', 'its hash')
  .action(async ({ seq, hash }: { seq?: string; hash?: string }) => {
    if ((seq === undefined) !== (hash === undefined)) throw new Error('--seq and --hash belong together')
    const noted = seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash }
    await run(async ({ verifyAudit }) => {
      const report = await verifyAudit(noted)
      if (report.broken !== null) process.exitCode = refusedExitCode
      return { ...report }
    })()
  })

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`tradewind auth: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode =
    error instanceof ConfigError ? configFaultExitCode : error instanceof DomainError ? refusedExitCode : 1
}
