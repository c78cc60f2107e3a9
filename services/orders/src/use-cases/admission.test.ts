import { describe, expect, test } from 'vitest'
import { createAdmission } from './admission.ts'

function underTest() {
  let at = 0
  const admission = createAdmission(() => at)
  /** Decides some orders within a second, each after such a wait. */
  const second = (...waitsMs: readonly number[]) => {
    for (const waitMs of waitsMs) {
      at += 400 / waitsMs.length
      admission.noteDecision(waitMs)
    }
    at += 600
  }
  const isOpen = () => {
    try {
      admission.admit()
      return true
    } catch {
      return false
    }
  }
  return { second, isOpen, admission }
}

const times = (count: number, waitMs: number) => Array.from({ length: count }, () => waitMs)

describe('new orders', () => {
  test('are taken while those before them are decided soon', () => {
    const { second, isOpen } = underTest()
    second(...times(50, 100))
    expect(isOpen()).toBe(true)
  })

  test('are refused while even the quickest waits too long, and taken again once that is over', () => {
    const { second, isOpen, admission } = underTest()
    second(...times(50, 3000))
    expect(() => admission.admit()).toThrow(expect.objectContaining({ code: 'ORDERS_TOO_MANY', kind: 'unavailable' }))
    second(...times(50, 1500))
    expect(isOpen()).toBe(true)
  })

  test('are taken when some are slow for reasons of their own', () => {
    const { second, isOpen } = underTest()
    second(...times(49, 30_000), 100)
    expect(isOpen()).toBe(true)
  })

  test('are taken while nothing is decided at all, as when the broker is away', () => {
    const { second, isOpen } = underTest()
    second(...times(50, 3000))
    expect(isOpen()).toBe(false)
    second()
    second()
    expect(isOpen()).toBe(true)
  })
})
