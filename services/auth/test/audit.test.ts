import { AuditEntry, AuditVerification, listAuditRoute } from '@tradewind/contracts/audit'
import { newId } from '@tradewind/service-kit/ids'
import { eventually } from '@tradewind/testkit/eventually'
import { decodeJwt } from 'jose'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hashOfEntry } from '../src/crypto/audit-chain.ts'
import type { SealedEntry } from '../src/domain/audit.ts'
import { onOperatorActed } from '../src/events/on-operator-acted.ts'
import { createGuard } from '../src/guard-app.ts'
import { createAuditRepository } from '../src/store/audit.repository.ts'
import { openGuard } from '../src/store/open-guard.ts'
import { makeSealAudit } from '../src/use-cases/seal-audit.ts'
import { type AuthFixture, secretKeys, startAuth } from './auth-fixture.ts'

let auth: AuthFixture
let admin: string
const operator = { email: 'operator@example.org', password: 'a passphrase for the operator' }
const password = 'correct horse battery staple'

beforeAll(async () => {
  auth = await startAuth()
  await auth.app.ensureOperator(operator)
  const { body } = await auth.post('/v1/auth/login', operator)
  admin = JSON.parse(JSON.stringify(body)).accessToken
})
afterAll(() => auth.stop())

interface Party {
  readonly id: string
  readonly email: string
  readonly accessToken: string
  readonly refreshToken: string
}

async function newCustomer(from = '198.51.100.7'): Promise<Party> {
  const email = `${newId('mail')}@example.org`
  const { body } = await auth.post('/v1/auth/register', { email, password, name: 'Ada' }, { from })
  const { user, accessToken, refreshToken } = JSON.parse(JSON.stringify(body))
  return { id: user.id, email, accessToken, refreshToken }
}

const isPage = Compile(listAuditRoute.schema.response[200])
const isEntry = Compile(AuditEntry)
const isVerification = Compile(AuditVerification)

const get = (path: string, token = admin) =>
  auth.server.inject({ url: path, headers: { authorization: `Bearer ${token}` } })

async function list(query: string): Promise<{ items: AuditEntry[]; nextCursor: string | null }> {
  const response = await get(`/v1/auth/audit?${query}`)
  expect(response.statusCode).toBe(200)
  return isPage.Parse(response.json())
}
const actionsAbout = async (subject: string) => (await list(`subject=${subject}`)).items.map(({ action }) => action)

async function verify(query = ''): Promise<Static<typeof AuditVerification>> {
  const response = await get(`/v1/auth/audit/verification${query}`)
  expect(response.statusCode).toBe(200)
  return isVerification.Parse(response.json())
}
const sealAll = () => eventually(async () => (await auth.app.sealAudit()) === 0)

describe('the audit log', () => {
  test('tells who did what, to whom, from where', async () => {
    const ada = await newCustomer()
    await auth.post('/v1/auth/login', { email: ada.email, password: 'wrong' }, { from: '203.0.113.5' })
    await auth.post('/v1/auth/login', { email: ada.email, password }, { from: '198.51.100.7' })
    await auth.post('/v1/auth/logout', { refreshToken: ada.refreshToken })
    await auth.post('/v1/auth/logout', { refreshToken: ada.refreshToken })
    await auth.post('/v1/auth/register', { email: ada.email, password, name: 'Eve' })
    expect(await actionsAbout(ada.id)).toEqual([
      'sign_out.one',
      'sign_in.succeeded',
      'sign_in.failed',
      'account.registered',
    ])
    const [, succeeded, failed, registered] = (await list(`subject=${ada.id}`)).items
    expect(failed?.actor).toEqual({ kind: 'nobody' })
    expect(succeeded?.actor).toEqual({ kind: 'user', id: ada.id })
    expect(succeeded?.from).toBe(registered?.from)
    expect(failed?.from).not.toBe(registered?.from)
    const refused = (await list('action=account.registration_refused')).items[0]
    expect(refused?.subject).toMatch(/^eml_[0-9a-f]{32}$/)
  })

  test('tells of a stolen refresh token once', async () => {
    const { id, refreshToken } = await newCustomer()
    await auth.post('/v1/auth/refresh', { refreshToken })
    // Later than a client may repeat itself.
    auth.clock.now = new Date(auth.clock.now.getTime() + 60_000)
    for (let times = 0; times < 3; times++) await auth.post('/v1/auth/refresh', { refreshToken })
    expect(await actionsAbout(id)).toEqual(['refresh.reuse_detected', 'account.registered'])
  })

  test('tells what admins and owners of keys did', async () => {
    const ada = await newCustomer()
    const asAdmin = { token: admin }
    await auth.call(`/v1/auth/users/${ada.id}/roles`, { ...asAdmin, method: 'PUT', body: { roles: ['support'] } })
    const { body: rotated } = await auth.call('/v1/auth/keys/rotate', { ...asAdmin, method: 'POST' })
    const { accessToken } = JSON.parse(
      JSON.stringify((await auth.post('/v1/auth/login', { email: ada.email, password })).body),
    )
    const key = { name: 'till', scopes: ['own:use'], expiresInDays: 1 }
    const made = await auth.call('/v1/auth/api-keys', { token: accessToken, method: 'POST', body: key })
    expect(made.status).toBe(201)
    const { id } = JSON.parse(JSON.stringify(made.body))
    await auth.call(`/v1/auth/api-keys/${id}`, { token: accessToken, method: 'DELETE' })
    await auth.call('/v1/auth/logout-all', { token: accessToken, method: 'POST' })
    expect(await actionsAbout(ada.id)).toEqual([
      'sign_out.all',
      'api_key.revoked',
      'api_key.created',
      'sign_in.succeeded',
      'roles.changed',
      'account.registered',
    ])
    const [changed] = (await list(`subject=${ada.id}&action=roles.changed`)).items
    expect(changed).toMatchObject({ actor: { kind: 'user' }, detail: { roles: 'support' } })
    const [rotation] = (await list('action=key.rotated')).items
    expect(rotation).toMatchObject({ detail: { kid: Object(rotated).kid }, actor: changed?.actor })
  })

  test('tells of attempts at addresses that have no account, under a pseudonym', async () => {
    const email = `${newId('mail')}@example.org`
    for (let times = 0; times < 2; times++) await auth.post('/v1/auth/login', { email, password: 'wrong' })
    const [last] = (await list('action=sign_in.failed&limit=1')).items
    expect(await actionsAbout(last?.subject ?? '')).toEqual(['sign_in.failed', 'sign_in.failed'])
  })

  test('holds no address, no password and no token', async () => {
    const ada = await newCustomer('198.51.100.77')
    await auth.post('/v1/auth/login', { email: ada.email, password: 'a wrong password' }, { from: '198.51.100.77' })
    await auth.post('/v1/auth/login', { email: 'nobody@example.org', password: 'a wrong password' })
    const kept = JSON.stringify(await auth.db.collection('audit').find().toArray())
    for (const secret of [ada.email, 'nobody@', password, 'a wrong', ada.refreshToken, '198.51.100.77'])
      expect(kept).not.toContain(secret)
  })

  test('refuses to be given what looks like an address or a secret', async () => {
    const { audit } = createGuard({
      ...(await openGuard(auth.db, secretKeys, () => auth.clock.now)),
      limits: { perAccount: 1, perNetwork: 1, takenPerNetwork: 1 },
      now: () => auth.clock.now,
    })
    const record = { action: 'account.updated', actor: { kind: 'system' }, detail: { email: 'a@example.org' } } as const
    await expect(audit.record(record)).rejects.toThrow(/more than ids/)
  })

  test('takes in what operators did in other services, once, with where their session is', async () => {
    const ada = await newCustomer('203.0.113.80')
    const [registered] = (await list(`subject=${ada.id}`)).items
    const { sid } = decodeJwt<{ sid: string }>(ada.accessToken)
    const action = {
      actionId: newId('act'),
      at: auth.clock.now.toISOString(),
      actor: { kind: 'user', id: ada.id },
      sessionId: sid,
      route: 'POST /v1/stock/adjustments',
      subject: newId('ord'),
      detail: { sku: 'TEA-1', delta: -3 },
      status: 201,
    } as const
    const received = { id: newId('evt'), type: 'inventory.operator.acted.v1', time: auth.clock.now, data: action }
    const { handle } = onOperatorActed(auth.app.recordOperatorAction, 'inventory')
    await Promise.all([handle(received), handle(received), handle({ ...received, id: newId('evt') })])
    const found = (await list(`actor=${ada.id}&action=operator.acted`)).items
    expect(found).toMatchObject([
      {
        at: action.at,
        subject: action.subject,
        from: registered?.from,
        detail: { service: 'inventory', route: action.route, status: 201, sku: 'TEA-1', delta: -3, sessionId: sid },
      },
    ])
    await sealAll()
    expect((await verify()).broken).toBeNull()
    // What looks like anything but a code is left out, and the rest is kept.
    const odd = { ...action, actionId: newId('act'), detail: { note: 'write to ada@example.org' } }
    await handle({ ...received, data: odd })
    expect(JSON.stringify((await list(`actor=${ada.id}&action=operator.acted`)).items)).not.toContain('ada@')
  })

  test('is for those who may read it', async () => {
    const { accessToken } = await newCustomer()
    for (const path of ['', '/export', '/verification'])
      expect((await get(`/v1/auth/audit${path}`, accessToken)).statusCode).toBe(403)
  })

  test('is listed page by page and by time, without a gap', async () => {
    const before = auth.clock.now
    auth.clock.now = new Date(before.getTime() + 24 * 3_600_000)
    const from = auth.clock.now
    const made: string[] = []
    for (let index = 0; index < 5; index++) {
      made.push((await newCustomer()).id)
      auth.clock.now = new Date(auth.clock.now.getTime() + 1000)
    }
    const to = new Date(from.getTime() + 4000)
    auth.clock.now = before
    const range = `from=${from.toISOString()}&to=${to.toISOString()}&action=account.registered`
    const found: (string | undefined)[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { items: AuditEntry[]; nextCursor: string | null } = await list(
        `${range}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      found.push(...page.items.map(({ subject }) => subject))
      cursor = page.nextCursor
    }
    expect(found).toEqual(made.slice(0, 4).toReversed())
    expect((await get('/v1/auth/audit?cursor=e30')).statusCode).toBe(400)
  })

  test('is exported as lines, oldest first', async () => {
    const ada = await newCustomer()
    await auth.post('/v1/auth/login', { email: ada.email, password })
    const response = await get(`/v1/auth/audit/export?subject=${ada.id}`)
    expect(response.headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
    const lines = response.body
      .trimEnd()
      .split('\n')
      .map((line) => isEntry.Parse(JSON.parse(line)))
    expect(lines.map(({ action }) => action)).toEqual(['account.registered', 'sign_in.succeeded'])
  })

  test.each([
    ['everything', {}],
    ['an actor', { 'actor.id': 'usr_1' }],
    ['a subject', { subject: 'usr_1' }],
    ['an action', { action: 'sign_in.failed' }],
    ['a time', { at: { $gte: new Date(0) } }],
  ])('lists %s from an index', async (_what, filter) => {
    const plan = JSON.stringify(await auth.db.collection('audit').find(filter).sort({ at: -1, _id: -1 }).explain())
    expect(plan).toContain('IXSCAN')
    expect(plan).not.toMatch(/COLLSCAN|"SORT"/)
  })
})

describe('the chain', () => {
  beforeEach(async () => {
    for (let index = 0; index < 3; index++) await newCustomer()
    await sealAll()
  })
  const collection = () => auth.db.collection<{ _id: string }>('audit')
  const at = (seq: number) => ({ 'seal.seq': seq })

  test('holds, takes new entries in, and says how many wait', async () => {
    const before = await verify()
    expect(before).toMatchObject({ broken: null, waiting: 0, head: { seq: before.sealed } })
    await newCustomer()
    expect(await verify()).toEqual({ ...before, waiting: 1 })
    await sealAll()
    expect(await verify()).toMatchObject({ broken: null, waiting: 0, sealed: before.sealed + 1 })
  })

  test('has one entry in each place, however many replicas seal and write at once', async () => {
    const openReplica = async () =>
      createGuard({
        ...(await openGuard(auth.db, secretKeys, () => auth.clock.now)),
        limits: { perAccount: 1, perNetwork: 1, takenPerNetwork: 1 },
        now: () => new Date(),
      })
    const replicas = await Promise.all(Array.from({ length: 4 }, openReplica))
    const before = await verify()
    await Promise.all(
      replicas.map(async ({ audit, sealAudit }, replica) => {
        for (let index = 0; index < 25; index++) {
          await audit.record({ action: 'account.updated', actor: { kind: 'system' }, detail: { replica, index } })
          await sealAudit()
        }
      }),
    )
    await sealAll()
    expect(await verify()).toMatchObject({ broken: null, waiting: 0, sealed: before.sealed + 100 })
  })

  test('tells each of those who write at one moment what became of his own entry', async () => {
    const auditLog = createAuditRepository(auth.db)
    const entry = (id: string) => ({
      id: `aud_${id}`,
      at: auth.clock.now,
      action: 'account.updated',
      actor: { kind: 'system' as const },
      detail: {},
    })
    await auditLog.insert(entry('moment-1'))
    const outcomes = await Promise.allSettled([
      auditLog.insert(entry('moment-2')),
      auditLog.insert(entry('moment-1')),
      auditLog.insert(entry('moment-3')),
      auditLog.insertOnce(entry('moment-3')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    await expect(auditLog.insertOnce(entry('moment-1'))).resolves.toBeUndefined()
    expect(
      await auditLog.collection.countDocuments({ _id: { $in: ['aud_moment-1', 'aud_moment-2', 'aud_moment-3'] } }),
    ).toBe(3)
  })

  test.each(['head', 'unsealed', 'seal'] as const)(
    'has no empty place when another replica seals some of the same entries at the same time, after or before %s',
    async (moment) => {
      const auditLog = createAuditRepository(auth.db)
      const { audit, sealAudit } = createGuard({
        ...(await openGuard(auth.db, secretKeys, () => auth.clock.now)),
        limits: { perAccount: 1, perNetwork: 1, takenPerNetwork: 1 },
        now: () => new Date(),
      })
      await sealAll()
      const before = await verify()
      for (const index of [1, 2, 3])
        await audit.record({ action: 'account.updated', actor: { kind: 'system' }, detail: { index } })
      // It saw the log before the last entries were there.
      const other = makeSealAudit({ auditLog: { ...auditLog, unsealed: () => auditLog.unsealed(1) }, hashOfEntry })
      const meeting = {
        head: async () => {
          const head = await auditLog.head()
          if (moment === 'head') await other()
          return head
        },
        unsealed: async (limit: number) => {
          const unsealed = await auditLog.unsealed(limit)
          if (moment === 'unsealed') await other()
          return unsealed
        },
        seal: async (entries: readonly SealedEntry[]) => {
          if (moment === 'seal') await other()
          return await auditLog.seal(entries)
        },
      }
      await makeSealAudit({ auditLog: { ...auditLog, ...meeting }, hashOfEntry })()
      await sealAudit()
      expect(await verify()).toMatchObject({ broken: null, waiting: 0, sealed: before.sealed + 3 })
    },
  )

  test.each([
    ['a changed action', { $set: { action: 'sign_in.succeeded' } }],
    ['a changed subject', { $set: { subject: `usr_${'0'.repeat(32)}` } }],
    ['a changed time', { $set: { at: new Date(0) } }],
    ['another actor', { $set: { 'actor.id': `usr_${'0'.repeat(32)}` } }],
    ['an added detail', { $set: { 'detail.sessionId': 'ses_1' } }],
    ['a changed origin', { $set: { from: 'net_0' } }],
  ])('shows %s and names the entry', async (_what, change) => {
    const place = (await verify()).sealed - 1
    const original = await collection().findOne(at(place))
    await collection().updateOne(at(place), change)
    expect(await verify()).toMatchObject({
      broken: { seq: place, id: original?._id, reason: 'changed' },
      sealed: place - 1,
    })
    await collection().replaceOne({ _id: original?._id ?? '' }, original ?? {})
    expect((await verify()).broken).toBeNull()
  })

  test('shows an entry that was removed, and one whose hash was made to fit', async () => {
    const place = (await verify()).sealed - 1
    const original = await collection().findOne(at(place))
    await collection().deleteOne(at(place))
    expect((await verify()).broken).toEqual({ seq: place, reason: 'missing' })
    await collection().insertOne({ ...original, _id: original?._id ?? '' })
    await collection().updateOne(at(place), { $set: { 'seal.hash': 'f'.repeat(64) } })
    expect((await verify()).broken).toMatchObject({ seq: place, reason: 'changed' })
    await collection().replaceOne({ _id: original?._id ?? '' }, original ?? {})
    expect((await verify()).broken).toBeNull()
  })

  test('shows an end that was cut off to who noted the head', async () => {
    const { head, sealed } = await verify()
    const noted = `?seq=${head?.seq}&hash=${head?.hash}`
    expect((await verify(noted)).broken).toBeNull()
    const last = await collection().findOne(at(sealed))
    await collection().deleteOne(at(sealed))
    expect((await verify()).broken).toBeNull()
    expect((await verify(noted)).broken).toEqual({ seq: sealed, reason: 'missing' })
    await collection().insertOne({ ...last, _id: last?._id ?? '' })
    const other = await verify(`?seq=${sealed}&hash=${'0'.repeat(64)}`)
    expect(other.broken).toMatchObject({ seq: sealed, reason: 'not-the-one-noted' })
    expect((await get(`/v1/auth/audit/verification?seq=1`)).statusCode).toBe(400)
  })
})
