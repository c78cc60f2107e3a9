import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withLock } from '../lock.mjs'

/** @type {string} */
let folder
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tradewind-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('lets one at a time in', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise(setImmediate)
    inside -= 1
  }
  await Promise.all([1, 2, 3].map(() => withLock(join(folder, 'lock'), work)))
  expect(most).toBe(1)
})

it('takes over from an owner that is gone', async () => {
  const file = join(folder, 'lock')
  // Larger than any process id that a system gives out.
  writeFileSync(file, '99999999')
  expect(await withLock(file, () => Promise.resolve('done'))).toBe('done')
})

it('is given back when the work fails', async () => {
  const file = join(folder, 'lock')
  await expect(withLock(file, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network')
  expect(await withLock(file, () => Promise.resolve('done'))).toBe('done')
})
