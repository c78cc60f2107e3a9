import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dropData } from '../src/first-start.ts'
import { keptSecrets } from '../src/kept-secrets.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tradewind-secrets-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

it('secrets are made once per data folder, for this user’s eyes only', () => {
  const made = keptSecrets(dataDir)
  expect(made['NOTIFICATIONS_KEYS']).toMatch(/^local:[A-Za-z0-9+/]{43}=$/)
  expect(keptSecrets(dataDir)).toEqual(made)
  const [file = ''] = readdirSync(dataDir)
  expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600)
})

it('secrets go with the data that they were made for', () => {
  const made = keptSecrets(dataDir)
  dropData(dataDir)
  expect(readdirSync(dataDir)).toEqual([])
  expect(keptSecrets(dataDir)).not.toEqual(made)
})
