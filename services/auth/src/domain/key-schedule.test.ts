import { expect, test } from 'vitest'
import { isRotationDue, statusesOf } from './key-schedule.ts'

const now = new Date('2026-03-01T10:00:00Z')
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const key = (createdAt: number, signsFrom = createdAt) => ({ createdAt: at(createdAt), signsFrom: at(signsFrom) })
const keptMs = 700_000

test('the latest key whose time has come signs, and nobody is without one', () => {
  expect(statusesOf([key(-10)], now, keptMs)).toEqual(['signing'])
  expect(statusesOf([key(-10, 600)], now, keptMs)).toEqual(['signing'])
  expect(statusesOf([key(-10, 590), key(-5000)], now, keptMs)).toEqual(['published', 'signing'])
  expect(statusesOf([], now, keptMs)).toEqual([])
})

test('a key that was replaced is kept until what it signed has expired', () => {
  expect(statusesOf([key(-700, -100), key(-5000)], now, keptMs)).toEqual(['signing', 'retiring'])
  expect(statusesOf([key(-2000, -700), key(-5000)], now, keptMs)).toEqual(['signing', 'retired'])
  expect(statusesOf([key(-10, 500), key(-2000, -600), key(-5000)], now, keptMs)).toEqual([
    'published',
    'signing',
    'retiring',
  ])
})

test('rotation is due by age, and not while a key waits to sign', () => {
  expect(isRotationDue(key(-100), 100_000, now)).toBe(true)
  expect(isRotationDue(key(-99), 100_000, now)).toBe(false)
  expect(isRotationDue(key(-200, 10), 100_000, now)).toBe(false)
})
