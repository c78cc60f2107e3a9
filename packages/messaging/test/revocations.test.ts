import { KeyWithdrawnV1, RoleChangedV1, SessionRevokedV1 } from '@tradewind/contracts/revocation'
import { newId } from '@tradewind/service-kit/ids'
import { createRevocations } from '@tradewind/service-kit/revocations'
import { eventually } from '@tradewind/testkit/eventually'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { toHeaders } from '../src/cloud-events.ts'
import { connectMessaging, type Messaging } from '../src/connection.ts'
import { followRevocations } from '../src/follow-revocations.ts'
import { silent, startBroker, type TestBroker } from './broker.ts'

let broker: TestBroker
let messaging: Messaging
const closers: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  broker = await startBroker()
  messaging = await connectMessaging({ url: broker.url, service: 'auth', logger: silent })
})
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  await messaging.connection.close()
  await broker.stop()
})

const userId = newId('usr')

const publish = (type: string, data: unknown, time = new Date(), id = newId('evt')) =>
  messaging.client.publish(type, JSON.stringify(data), {
    msgID: newId('msg'),
    headers: toHeaders({ id, type, time, subject: userId }, 'auth'),
  })
const publishEnd = (sessionId: string, time = new Date()) =>
  publish(SessionRevokedV1.type, { userId, sessionId, reason: 'logout' }, time)

/** Another process that verifies tokens. */
function startFollower() {
  const revocations = createRevocations()
  const feed = followRevocations(messaging, revocations)
  closers.push(() => feed.close())
  const refuses = (sessionId: string, accessVersion = 0) =>
    revocations.covers({ userId, sessionId, accessVersion, issuedAt: Date.now(), kid: 'key-1' })
  return { revocations, feed, refuses }
}

test('knows what was revoked before it started, and is ready only then', async () => {
  const earlier = Array.from({ length: 300 }, () => newId('ses'))
  await Promise.all(earlier.map((sessionId) => publishEnd(sessionId)))
  const { feed, refuses } = startFollower()
  expect(() => feed.check()).toThrow('not known yet')
  await eventually(() => {
    feed.check()
    return true
  })
  expect(earlier.every((sessionId) => refuses(sessionId))).toBe(true)
})

test('hears of each as it happens, within moments', async () => {
  const { feed, refuses } = startFollower()
  await eventually(() => {
    feed.check()
    return true
  })
  const sessionId = newId('ses')
  expect(refuses(sessionId)).toBe(false)
  const started = performance.now()
  await publishEnd(sessionId)
  await eventually(() => refuses(sessionId), { everyMs: 1 })
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('hears of a key that was withdrawn, before it started and after', async () => {
  await publish(KeyWithdrawnV1.type, { kid: 'key-1' })
  const { revocations, refuses } = startFollower()
  await eventually(() => refuses(newId('ses')))
  await publish(KeyWithdrawnV1.type, { kid: 'key-2' })
  await eventually(() => revocations.isWithdrawn('key-2'))
  expect(revocations.isWithdrawn('key-3')).toBe(false)
})

test('changes nothing when it hears twice, late, or in another order', async () => {
  const { revocations, refuses } = startFollower()
  const change = (accessVersion: number) => publish(RoleChangedV1.type, { userId, roles: [], accessVersion })
  await change(2)
  await change(1)
  await change(2)
  const last = newId('ses')
  await publishEnd(last)
  await publishEnd(last)
  const marker = newId('ses')
  await publishEnd(marker)
  await eventually(() => refuses(marker, 2))
  expect([refuses('ses_1', 1), refuses('ses_1', 2)]).toEqual([true, false])
  expect(revocations.size()).toBe(3)
})

test('is not held up by what it cannot read', async () => {
  const { refuses } = startFollower()
  await publish(SessionRevokedV1.type, { sessionId: 7 })
  await publish('auth.user.registered.v1', { userId })
  const sessionId = newId('ses')
  await publishEnd(sessionId)
  await eventually(() => refuses(sessionId))
})

test('goes on after the broker came back without its data, and forgets nothing', async () => {
  const { refuses } = startFollower()
  const before = newId('ses')
  await publishEnd(before)
  await eventually(() => refuses(before))
  await broker.kill()
  await broker.restart({ empty: true })
  const after = newId('ses')
  await eventually(() => publishEnd(after).then(() => true), { timeoutMs: 20_000 })
  await eventually(() => refuses(after), { timeoutMs: 20_000 })
  expect(refuses(before)).toBe(true)
})

test('goes on verifying while nothing can be heard, says that it is not ready, and catches up', async () => {
  const before = newId('ses')
  await publishEnd(before)
  await broker.kill()
  const { feed, refuses } = startFollower()
  expect(() => feed.check()).toThrow('not known yet')
  expect(refuses(before)).toBe(false)
  await broker.restart()
  await eventually(() => refuses(before), { timeoutMs: 20_000 })
  await eventually(() => {
    feed.check()
    return true
  })
})
