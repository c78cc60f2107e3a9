import { createHash } from 'node:crypto'
import {
  NotificationsPersonDataQueryV1,
  NotificationsPersonErasedV1,
  OpenOrdersQueryV1,
  OrdersPersonDataQueryV1,
  OrdersPersonErasedV1,
  UserErasedV1,
} from '@tradewind/contracts/privacy'
import { answerQuery } from '@tradewind/messaging/query'
import { newId } from '@tradewind/service-kit/ids'
import { Authenticator } from '@tradewind/service-testkit/authenticator'
import { eventually } from '@tradewind/testkit/eventually'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onPersonErased } from '../src/events/on-person-erased.ts'
import { type AuthFixture, startAuth } from './auth-fixture.ts'
import { bodyOf, type Person, password, signIn, signInAdmin, signUp } from './signed-in.ts'

let auth: AuthFixture
let admin: Person
const openOrders = new Map<string, number>()

beforeAll(async () => {
  auth = await startAuth()
  admin = await signInAdmin(auth)
  answerQuery(auth.messaging, OpenOrdersQueryV1, async ({ userId }) => ({ open: openOrders.get(userId) ?? 0 }))
  // Seven orders on pages of three, and one mail.
  answerQuery(auth.messaging, OrdersPersonDataQueryV1, async ({ after = '0' }) => {
    const from = Number(after)
    const items = [0, 1, 2].map((n) => ({ kind: 'order', data: { n: from + n } })).filter(({ data }) => data.n < 7)
    return { items, next: from + 3 < 7 ? String(from + 3) : null }
  })
  answerQuery(auth.messaging, NotificationsPersonDataQueryV1, async () => ({
    items: [{ kind: 'mail', data: { to: 'ada@example.org' } }],
    next: null,
  }))
})
afterAll(() => auth.stop())

/** Somebody with everything that an account can have. */
async function ownEverything() {
  const ada = await signUp(auth)
  const as = (path: string, body?: unknown) => auth.call(path, { method: 'POST', token: ada.accessToken, body })
  const made = bodyOf<{ id: string; key: string }>(
    await as('/v1/auth/api-keys', { name: 'till', scopes: ['own:use'], expiresInDays: 1 }),
  )
  const api = { id: made.id, hash: createHash('sha256').update(made.key).digest('base64url') }
  const { secret } = bodyOf<{ secret: string }>(await as('/v1/auth/mfa/totp/enroll'))
  const code = TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: auth.clock.now.getTime() })
  expect((await as('/v1/auth/mfa/totp/verify', { code })).status).toBe(200)
  const device = new Authenticator()
  const begun = bodyOf<{ ceremonyId: string; options: { challenge: string } }>(
    await as('/v1/auth/passkeys/register/options'),
  )
  const credential = device.register({ challenge: begun.options.challenge }, ada.id)
  const passkey = await as('/v1/auth/passkeys/register/verify', {
    ceremonyId: begun.ceremonyId,
    name: 'Phone',
    credential,
  })
  // One that is under way, and a sign-in that waits for its code.
  await as('/v1/auth/passkeys/register/options')
  expect((await auth.post('/v1/auth/login', { email: ada.email, password })).body).toMatchObject({ mfaRequired: true })
  // As a sign-in with another provider leaves it.
  const subject = newId('sub')
  await auth.db.collection<{ _id: string }>('accounts').updateOne(
    { _id: ada.id },
    {
      $set: { identities: [{ provider: 'other', key: `other:${subject}`, linkedAt: auth.clock.now }] },
      $inc: { version: 1 },
    },
  )
  const app = { name: 'an app', kind: 'app', scopes: ['own:use'], redirectUris: ['https://app.test/back'] }
  const client = bodyOf<{ id: string }>(
    await auth.call('/v1/auth/clients', { method: 'POST', token: (await signIn(auth, admin)).accessToken, body: app }),
  )
  const authorized = await as('/oauth/authorize', {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: 'https://app.test/back',
    code_challenge: 'c'.repeat(43),
    code_challenge_method: 'S256',
  })
  expect(authorized.status).toBe(200)
  await as('/v1/auth/privacy/export', { password })
  return {
    ...ada,
    api,
    subject,
    passkeyId: bodyOf<{ id: string }>(passkey).id,
    credentialId: device.credentialId.toString('base64url'),
    before: await everything(),
  }
}

interface ErasureBody {
  id: string
  status: string
  completedAt: string | null
  steps: { service: string; doneAt: string | null }[]
}
const advance = (milliseconds: number) => {
  auth.clock.now = new Date(auth.clock.now.getTime() + milliseconds)
}
const erase = ({ accessToken }: Person, secret = password) =>
  auth.post('/v1/auth/privacy/erase', { password: secret }, { token: accessToken })
const readReceipt = async (id: string) => bodyOf<ErasureBody>(await auth.call(`/v1/auth/privacy/erasures/${id}`))
const announcements = (userId: string) =>
  auth.published.filter(({ type, data }) => type === UserErasedV1.type && Object(data).userId === userId)
const received = (contract: typeof OrdersPersonErasedV1 | typeof NotificationsPersonErasedV1, userId: string) => ({
  id: newId('evt'),
  type: contract.type,
  time: auth.clock.now,
  data: { userId },
})
/** Until what was removed needs no second look, as its news are out. */
const closed = (id: string) =>
  eventually(async () => {
    await auth.app.erase.sweep()
    const { steps } = await readReceipt(id)
    return steps.some(({ service, doneAt }) => service === 'auth' && doneAt !== null)
  })
const everything = async () =>
  JSON.stringify(
    await Promise.all(
      (await auth.db.listCollections().toArray()).map(({ name }) => auth.db.collection(name).find().toArray()),
    ),
  )

describe('erasing', () => {
  test('closes the account at once, tells the others when no token works any more, and ends with a receipt', async () => {
    const ada = await signUp(auth)
    const key = { name: 'till', scopes: ['own:use'], expiresInDays: 1 }
    await auth.call('/v1/auth/api-keys', { method: 'POST', token: ada.accessToken, body: key })
    const answer = await erase(ada)
    expect(answer.status).toBe(202)
    const { id } = bodyOf<ErasureBody>(answer)
    expect(answer.headers).toMatchObject({ location: `/v1/auth/privacy/erasures/${id}` })
    await closed(id)

    expect((await auth.post('/v1/auth/login', { email: ada.email, password })).status).toBe(401)
    expect((await auth.post('/v1/auth/refresh', { refreshToken: ada.refreshToken })).status).toBe(401)
    await eventually(async () => (await auth.call('/v1/auth/me', { token: ada.accessToken })).status === 401)
    expect(await everything()).not.toContain(ada.email)
    expect(announcements(ada.id)).toEqual([])
    expect((await readReceipt(id)).status).toBe('closing')

    advance(30_000)
    await auth.app.erase.sweep()
    await eventually(() => announcements(ada.id).length === 1)
    expect((await readReceipt(id)).status).toBe('waiting')
    const { orders, notifications } = onPersonErased(auth.app.erase)
    await orders.handle(received(OrdersPersonErasedV1, ada.id))
    expect((await readReceipt(id)).status).toBe('waiting')
    await notifications.handle(received(NotificationsPersonErasedV1, ada.id))
    const receipt = await readReceipt(id)
    expect(receipt).toMatchObject({ status: 'completed', completedAt: auth.clock.now.toISOString() })
    expect(receipt.steps.every(({ doneAt }) => doneAt !== null)).toBe(true)
    expect(JSON.stringify(receipt)).not.toContain(ada.id)
  })

  test('takes everything that an account can have', async () => {
    const ada = await ownEverything()
    const named = [ada.email, ada.subject, ada.credentialId, ada.api.hash, ada.passkeyId]
    expect(named.filter((text) => !ada.before.includes(text))).toEqual([])
    const { id } = bodyOf<ErasureBody>(await erase(ada))
    await closed(id)
    const left = await everything()
    expect(named.filter((text) => left.includes(text))).toEqual([])
    for (const name of ['sessions', 'api_keys', 'authorization_codes', 'ceremonies', 'person_exports'])
      expect(await auth.db.collection(name).countDocuments({ userId: ada.id })).toBe(0)
    expect(await auth.db.collection<{ _id: string }>('accounts').countDocuments({ _id: ada.id })).toBe(0)
    expect(await auth.app.exchangeApiKey(ada.api.hash)).toBeNull()
    expect((await auth.post('/v1/auth/refresh', { refreshToken: ada.refreshToken })).status).toBe(401)
  })

  test('notes a confirmation once, however often and in whichever order it comes', async () => {
    const ada = await signUp(auth)
    const { id } = bodyOf<ErasureBody>(await erase(ada))
    await closed(id)
    const { orders, notifications } = onPersonErased(auth.app.erase)
    await notifications.handle(received(NotificationsPersonErasedV1, ada.id))
    await orders.handle(received(OrdersPersonErasedV1, ada.id))
    const before = await readReceipt(id)
    advance(1000)
    for (let times = 0; times < 3; times++) {
      await orders.handle(received(OrdersPersonErasedV1, ada.id))
      await notifications.handle(received(NotificationsPersonErasedV1, ada.id))
    }
    expect(await readReceipt(id)).toEqual(before)
    await orders.handle(received(OrdersPersonErasedV1, newId('usr')))
    const told = await auth.db
      .collection('audit')
      .find({ subject: ada.id, action: 'privacy.erasure_completed' })
      .toArray()
    expect(told).toHaveLength(1)
  })

  test('asks again while a service has not confirmed, with the same event', async () => {
    const ada = await signUp(auth)
    const { id } = bodyOf<ErasureBody>(await erase(ada))
    await closed(id)
    for (const wait of [30_000, 60_000, 120_000, 240_000]) {
      const count = announcements(ada.id).length
      advance(wait)
      await auth.app.erase.sweep()
      await eventually(() => announcements(ada.id).length > count)
      await auth.app.erase.sweep()
    }
    // The relay may say one twice.
    expect(announcements(ada.id).length).toBeGreaterThanOrEqual(4)
    expect(new Set(announcements(ada.id).map((heard) => JSON.stringify(heard))).size).toBe(1)
  })

  test('is refused with a wrong password, and while an order is open', async () => {
    const ada = await signUp(auth)
    expect((await erase(ada, 'wrong')).status).toBe(401)
    openOrders.set(ada.id, 2)
    expect(await erase(ada)).toMatchObject({ status: 409, body: { code: 'AUTH_OPEN_ORDERS' } })
    openOrders.delete(ada.id)
    expect((await auth.call('/v1/auth/me', { token: ada.accessToken })).status).toBe(200)
    expect((await erase(ada)).status).toBe(202)
  })

  test('can be asked for by an admin, again and again, for one receipt; not by others, and not of the last admin', async () => {
    const ada = await signUp(auth)
    const path = `/v1/auth/users/${ada.id}/erasure`
    const asAdmin = { method: 'POST', token: admin.accessToken } as const
    expect((await auth.call(path, { method: 'POST', token: (await signUp(auth)).accessToken })).status).toBe(403)
    const [first, second] = [await auth.call(path, asAdmin), await auth.call(path, asAdmin)]
    expect([first.status, second.status]).toEqual([202, 202])
    expect(bodyOf<ErasureBody>(second).id).toBe(bodyOf<ErasureBody>(first).id)
    const unknown = await auth.call(`/v1/auth/users/${newId('usr')}/erasure`, asAdmin)
    expect([unknown.status, Object(unknown.body).code]).toEqual([404, 'AUTH_ACCOUNT_NOT_FOUND'])
    const last = await auth.call(`/v1/auth/users/${admin.id}/erasure`, asAdmin)
    expect([last.status, Object(last.body).code]).toEqual([409, 'AUTH_LAST_ADMIN'])
  })

  test('leaves the address free for somebody new, and an audit log that holds', async () => {
    const ada = await signUp(auth)
    const { id } = bodyOf<ErasureBody>(await erase(ada))
    await closed(id)
    const again = await auth.post('/v1/auth/register', { email: ada.email, password, name: 'Ada' })
    expect(again.status).toBe(201)
    expect(bodyOf<{ user: { id: string } }>(again).user.id).not.toBe(ada.id)
    await eventually(async () => (await auth.app.sealAudit()) === 0)
    expect((await auth.app.verifyAudit()).broken).toBeNull()
  })

  test('shows a receipt to nobody who only guesses', async () => {
    const guessed = await auth.call(`/v1/auth/privacy/erasures/era_${'A'.repeat(43)}`)
    expect([guessed.status, Object(guessed.body).code]).toEqual([404, 'AUTH_ERASURE_NOT_FOUND'])
  })
})

describe('an export', () => {
  interface ExportBody {
    id: string
    status: string
    steps: { doneAt: string | null }[]
  }
  const request = async (person: Person) =>
    bodyOf<ExportBody>(await auth.post('/v1/auth/privacy/export', { password }, { token: person.accessToken }))
  const fetchArchive = ({ accessToken }: Person, id: string) =>
    auth.server.inject({
      url: `/v1/auth/privacy/exports/${id}/archive`,
      headers: { authorization: `Bearer ${accessToken}` },
    })
  const read = async ({ accessToken }: Person, id: string) =>
    await auth.call(`/v1/auth/privacy/exports/${id}`, { token: accessToken })

  test('collects what every service knows, and is there for its owner alone, for seven days', async () => {
    const ada = await signUp(auth)
    const { id, status } = await request(ada)
    expect(status).toBe('collecting')
    expect((await fetchArchive(ada, id)).statusCode).toBe(409)
    await auth.app.exports.sweep()
    const done = bodyOf<ExportBody>(await read(ada, id))
    expect(done.status).toBe('ready')
    expect(done.steps.every(({ doneAt }) => doneAt !== null)).toBe(true)

    const archive = await fetchArchive(ada, id)
    expect(archive.headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
    const lines: { service: string; kind: string; data: Record<string, unknown> }[] = archive.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const kinds = lines.map(({ service, kind }) => `${service}/${kind}`)
    expect(kinds.filter((kind) => kind === 'orders/order')).toHaveLength(7)
    expect(new Set(kinds)).toEqual(
      new Set(['auth/account', 'auth/letter', 'auth/session', 'auth/audit', 'orders/order', 'notifications/mail']),
    )
    expect(archive.body).toContain(ada.email)
    expect(archive.body).not.toMatch(/argon2|tokenHash|passwordHash/)

    const eve = await signUp(auth)
    expect((await read(eve, id)).status).toBe(404)
    expect((await fetchArchive(eve, id)).statusCode).toBe(404)
    advance(7 * 24 * 3_600_000)
    await auth.app.exports.sweep()
    const back = await signIn(auth, ada)
    expect(bodyOf<ExportBody>(await read(back, id)).status).toBe('expired')
    expect((await fetchArchive(back, id)).statusCode).toBe(409)
    expect(await auth.db.collection('person_export_parts').countDocuments({ exportId: id })).toBe(0)
  })

  test('holds passkeys, other providers, letters, keys and what one did, and nothing that opens an account', async () => {
    const ada = await ownEverything()
    await auth.app.recordOperatorAction('orders', {
      actionId: newId('act'),
      at: auth.clock.now.toISOString(),
      actor: { kind: 'user', id: ada.id },
      sessionId: newId('ses'),
      route: 'POST /v1/orders/:id/cancel',
      subject: newId('ord'),
      detail: {},
      status: 200,
    })
    const { id } = await request(ada)
    await auth.app.exports.sweep()
    const { body } = await fetchArchive(ada, id)
    const lines = body
      .trimEnd()
      .split('\n')
      .map((line): { service: string; kind: string; data: Record<string, unknown> } => JSON.parse(line))
    const own = (kind: string) =>
      lines.filter((line) => line.service === 'auth' && line.kind === kind).map(({ data }) => data)
    expect(own('account')).toMatchObject([{ email: ada.email, recoveryCodesLeft: 10 }])
    expect(own('passkey')).toMatchObject([{ name: 'Phone', publicKey: expect.any(String) }])
    expect(own('identity')).toMatchObject([{ provider: 'other', key: `other:${ada.subject}` }])
    expect(own('letter')).toContainEqual(expect.objectContaining({ kind: 'verify-email', to: ada.email }))
    expect(own('api-key')).toMatchObject([{ id: ada.api.id, name: 'till' }])
    expect(own('session').length).toBeGreaterThan(0)
    const written = own('audit')
    expect(new Set(written.map((entry) => entry['id'])).size).toBe(written.length)
    const actions = written.map(({ action }) => action)
    expect(actions).toEqual(expect.arrayContaining(['account.registered', 'mfa.enrolled', 'operator.acted']))
    expect(body).not.toMatch(/argon2|tokenHash|passwordHash|keyHash|sealedSecret|nonce/)
  })

  test('is carried on by another worker, without doubles', async () => {
    const ada = await signUp(auth)
    const { id } = await request(ada)
    await auth.db.collection<{ _id: string }>('person_export_parts').insertOne({ _id: `${id}/0` })
    await Promise.all([auth.app.exports.sweep(), auth.app.exports.sweep()])
    await auth.db
      .collection<{ _id: string }>('person_exports')
      .updateOne({ _id: id }, { $set: { status: 'collecting', dueAt: auth.clock.now }, $inc: { version: 1 } })
    await auth.app.exports.sweep()
    const lines = (await fetchArchive(ada, id)).body.trimEnd().split('\n')
    expect(lines.filter((line) => line.includes('"kind":"order"'))).toHaveLength(7)
  })

  test('wants the password, and goes with the person', async () => {
    const ada = await signUp(auth)
    const wrong = await auth.post('/v1/auth/privacy/export', { password: 'wrong' }, { token: ada.accessToken })
    expect(wrong.status).toBe(401)
    const { id } = await request(ada)
    await auth.app.exports.sweep()
    const erasure = bodyOf<ErasureBody>(await erase(ada))
    await closed(erasure.id)
    expect(await auth.db.collection('person_export_parts').countDocuments({ exportId: id })).toBe(0)
  })
})
