import { describe, expect, it } from 'vitest'
import { formatRows } from '../test-report.mjs'

const passed = { exitCode: 0, cached: false }

describe('the summary of the tests', () => {
  it('ends with the sum and names nobody when all passed', () => {
    const text = formatRows([
      { name: '@tradewind/orders', results: { passed: 40, failed: 0, skipped: 0, seconds: 2.25 }, run: passed },
      {
        name: '@tradewind/auth',
        results: { passed: 2, failed: 0, skipped: 0, seconds: 1 },
        run: { exitCode: 0, cached: true },
      },
    ])
    expect(text.split('\n')).toEqual([
      'package            passed  failed  skipped  seconds',
      '@tradewind/orders      40       0        0      2.3  run',
      '@tradewind/auth         2       0        0      1.0  cached',
      '',
      '42 passed, 0 failed',
    ])
  })

  it('says how many were skipped', () => {
    const results = { passed: 3, failed: 0, skipped: 2, seconds: 1 }
    expect(formatRows([{ name: 'a', results, run: passed }])).toMatch(/\n3 passed, 0 failed, 2 skipped$/)
  })

  it('names the packages that failed, did not run, wrote no report or have no tests', () => {
    const results = { passed: 3, failed: 1, skipped: 0, seconds: 1 }
    const text = formatRows([
      { name: 'failing', results, run: { exitCode: 1, cached: false } },
      { name: 'blocked', results: undefined, run: undefined },
      { name: 'broken', results: undefined, run: { exitCode: 1, cached: false } },
      { name: 'untested', results: { ...results, passed: 0, failed: 0 }, run: { exitCode: 1, cached: false } },
    ])
    expect(text).toMatch(/^failing .* failed$/m)
    expect(text).toMatch(/^blocked .* did not run$/m)
    expect(text).toMatch(/^broken .* failed, no report$/m)
    expect(text).toMatch(/^untested .* no tests$/m)
    expect(text).toMatch(/\nnot passed: failing, blocked, broken, untested\n3 passed, 1 failed$/)
  })

  it('counts a package whose process failed although its tests passed', () => {
    const results = { passed: 3, failed: 0, skipped: 0, seconds: 1 }
    expect(formatRows([{ name: 'leaking', results, run: { exitCode: 1, cached: false } }])).toContain(
      'not passed: leaking',
    )
  })
})
