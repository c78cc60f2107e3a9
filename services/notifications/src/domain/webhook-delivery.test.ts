import { describe, expect, test } from 'vitest'
import {
  cancelDelivery,
  claimDelivery,
  createDelivery,
  deliveryLeaseMs,
  maxAttemptsKept,
  postponeDelivery,
  recordAttempt,
  redeliver,
  tryForMs,
  type WebhookDelivery,
} from './webhook-delivery.ts'

const now = new Date('2026-03-01T10:00:00Z')
const later = (milliseconds: number) => new Date(now.getTime() + milliseconds)
const created = createDelivery(
  { id: 'whd_1', endpointId: 'whe_1', eventId: 'evt_1', eventType: 'a.b.c.v1', eventTime: now, payload: '{}' },
  now,
  now,
)
const failed = (at: Date) => ({ at, durationMs: 1, statusCode: 500 })
const taken = (at: Date) => ({ at, durationMs: 1, statusCode: 204 })
const claimed = claimDelivery(created, now)

describe('a delivery', () => {
  test('is taken by one worker, and by the next when that one is silent for too long', () => {
    expect(claimed).toMatchObject({ claim: 1, dueAt: later(deliveryLeaseMs) })
    expect(claimDelivery(claimed, later(deliveryLeaseMs - 1))).toBe(claimed)
    expect(claimDelivery(claimed, later(deliveryLeaseMs))).toMatchObject({ claim: 2 })
    expect(claimDelivery(recordAttempt(claimed, 1, taken(now), 0.5, now), later(tryForMs))).not.toHaveProperty('dueAt')
  })

  test('takes no note of a failure that comes late, but of a success', () => {
    const again = claimDelivery(claimed, later(deliveryLeaseMs))
    expect(recordAttempt(again, 1, failed(now), 0.5, now)).toBe(again)
    const delivered = recordAttempt(again, 1, taken(now), 0.5, now)
    expect(delivered).toMatchObject({ status: 'delivered', attemptCount: 1 })
    expect(recordAttempt(delivered, 2, failed(now), 0.5, now)).toBe(delivered)
    expect(recordAttempt(delivered, 2, taken(now), 0.5, now)).toBe(delivered)
  })

  test.each([0, 0.5, 1])('is tried at growing distances for a day and no longer (chance %d)', (chance) => {
    let delivery: WebhookDelivery = created
    let at = now
    const waits: number[] = []
    while (delivery.dueAt !== undefined) {
      at = delivery.dueAt
      delivery = claimDelivery(delivery, at)
      delivery = recordAttempt(delivery, delivery.claim, failed(at), chance, at)
      if (delivery.dueAt !== undefined) waits.push(delivery.dueAt.getTime() - at.getTime())
    }
    const scale = 0.8 + 0.4 * chance
    expect(waits.slice(0, 4)).toEqual([5000, 15_000, 45_000, 135_000].map((wait) => Math.round(wait * scale)))
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    expect(delivery).toMatchObject({ status: 'exhausted', finishedAt: at })
    expect(at.getTime() - now.getTime()).toBeLessThanOrEqual(tryForMs)
    expect(at.getTime() - now.getTime()).toBeGreaterThan(tryForMs * 0.8)
    expect(delivery.attemptCount).toBeLessThanOrEqual(maxAttemptsKept)
  })

  test('keeps the last attempts only', () => {
    let delivery: WebhookDelivery = created
    for (let count = 0; count < 50; count += 1) {
      delivery = redeliver(delivery, later(count))
      delivery = claimDelivery(delivery, later(count))
      delivery = recordAttempt(delivery, delivery.claim, failed(later(count)), 0.5, later(count))
    }
    expect(delivery.attempts).toHaveLength(maxAttemptsKept)
    expect(delivery.attempts.at(-1)?.at).toEqual(later(49))
  })

  test('waits while its endpoint rests, for a day', () => {
    const waiting = postponeDelivery(created, later(1000))
    expect(waiting).toMatchObject({ status: 'pending', attemptCount: 0 })
    expect(postponeDelivery(waiting, later(tryForMs))).toMatchObject({ status: 'exhausted' })
  })

  test('is given up with its endpoint, and then not sent again', () => {
    const cancelled = cancelDelivery(claimed, now)
    expect(cancelled).toMatchObject({ status: 'cancelled', finishedAt: now })
    expect(cancelDelivery(cancelled, later(1))).toBe(cancelled)
    expect(recordAttempt(cancelled, 1, taken(now), 0.5, now)).toBe(cancelled)
    expect(() => redeliver(cancelled, now)).toThrow('given up')
  })
})
