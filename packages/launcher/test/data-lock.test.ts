import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lockDataFolder } from '../src/data-lock.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tradewind-lock-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

it('keeps a second one out and names the first', async () => {
  const unlock = await lockDataFolder(dataDir)
  await expect(lockDataFolder(dataDir)).rejects.toThrow(
    `already running (pid ${process.pid}) on the data folder ${dataDir}`,
  )
  unlock()
  expect(await lockDataFolder(dataDir)).toBeTypeOf('function')
})

it('takes over from a process that is gone', async () => {
  // Larger than any process id that a system gives out.
  writeFileSync(join(dataDir, 'lock'), '99999999')
  expect(await lockDataFolder(dataDir)).toBeTypeOf('function')
})

it('takes over when the id belongs to a stranger now', async () => {
  const stranger = spawn('sleep', ['600'])
  writeFileSync(join(dataDir, 'lock'), String(stranger.pid))
  expect(await lockDataFolder(dataDir)).toBeTypeOf('function')
  stranger.kill('SIGKILL')
})

it('takes over from a lock that was never written to its end', async () => {
  writeFileSync(join(dataDir, 'lock'), '')
  expect(await lockDataFolder(dataDir)).toBeTypeOf('function')
})
