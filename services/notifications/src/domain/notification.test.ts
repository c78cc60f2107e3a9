import { describe, expect, test } from 'vitest'
import {
  claimNotification,
  markBounced,
  markFailedAttempt,
  markRefused,
  markSent,
  maxAttempts,
  type Notification,
  queueNotification,
} from './notification.ts'

const now = new Date('2026-03-01T10:00:00Z')
const draft = {
  id: 'ntf_1',
  orderId: 'ord_1',
  template: 'order-confirmed',
  to: 'a@example.org',
  subject: 'S',
  text: 'T',
} as const
const queued = queueNotification(draft, 1000, now)
const later = new Date(now.getTime() + 1000)
const hour = 3_600_000

describe('a notification', () => {
  test('belongs to its writer for a while', () => {
    expect(queued).toEqual({ ...draft, channel: 'email', status: 'queued', attempts: 0, dueAt: later })
    expect(claimNotification(queued, 1000, now)).toBe(queued)
    expect(claimNotification(queued, 1000, later).dueAt).toEqual(new Date(later.getTime() + 1000))
  })

  test('is sent once and not tried again', () => {
    const sent = markSent(markFailedAttempt(queued, 'away', now), now)
    expect(sent).toEqual({ ...draft, channel: 'email', status: 'sent', attempts: 2, sentAt: now })
    expect(markSent(sent, now)).toBe(sent)
    expect(markFailedAttempt(sent, 'away', now)).toBe(sent)
  })

  test('is tried again after ever longer waits, and given up after about a day', () => {
    let notification: Notification = queued
    let at = now
    const waits: number[] = []
    while (notification.dueAt !== undefined) {
      notification = markFailedAttempt(notification, 'away', at)
      const { dueAt } = notification
      if (dueAt === undefined) break
      waits.push(dueAt.getTime() - at.getTime())
      at = dueAt
    }
    expect(notification).toMatchObject({ status: 'failed', attempts: maxAttempts, failure: 'away' })
    expect(waits.slice(0, 3)).toEqual([30_000, 60_000, 120_000])
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    expect(Math.max(...waits)).toBeLessThanOrEqual(4 * hour)
    expect(at.getTime() - now.getTime()).toBeGreaterThan(12 * hour)
    expect(at.getTime() - now.getTime()).toBeLessThan(30 * hour)
    expect(markFailedAttempt(notification, 'away', at)).toBe(notification)
    expect(markSent(notification, at)).toBe(notification)
  })

  test('bounces once, and only when it went out or was on its way', () => {
    const sent = markSent(queued, now)
    const bounced = markBounced(sent, '5.1.1', later)
    expect(bounced).toEqual({ ...sent, status: 'bounced', bounce: { code: '5.1.1', at: later } })
    expect(markBounced(bounced, '550', later)).toBe(bounced)
    const refused = markRefused(queued, '550', 'no such mailbox', now)
    expect(refused).toMatchObject({
      status: 'bounced',
      attempts: 1,
      failure: 'no such mailbox',
      bounce: { code: '550' },
    })
    expect(refused).not.toHaveProperty('dueAt')
    expect(markRefused(sent, '550', 'late', now)).toBe(sent)
    expect(markSent(bounced, now)).toBe(bounced)
  })
})
