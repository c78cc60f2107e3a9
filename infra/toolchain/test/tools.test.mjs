import { describe, expect, it } from 'vitest'
import { atLeast } from '../tools.mjs'

describe('comparing versions', () => {
  it.each([
    ['26.10.0', '26.10.0', true],
    ['26.10.1', '26.10.0', true],
    ['27.0.0', '26.10.0', true],
    ['26.9.9', '26.10.0', false],
    ['20.20.2', '26.10.0', false],
    ['26.10.0-rc.1', '26.10.0', false],
  ])('%s serves where %s is wanted: %s', (version, wanted, serves) => {
    expect(atLeast(version, wanted)).toBe(serves)
  })
})
