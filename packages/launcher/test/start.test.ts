import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimPort } from '../src/claim-port.ts'
import { demoCatalogue, demoStock } from '../src/demo-catalogue.ts'
import { missingMilestones } from '../src/demo-order.ts'
import { dropData, readFirstStart } from '../src/first-start.ts'
import { readStartOptions } from '../src/start-options.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tradewind-start-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

async function runStart(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/start.ts'), ...args], {
    env: { ...process.env, TRADEWIND_DATA_DIR: dataDir, NO_COLOR: '1', ...env },
  })
  let output = ''
  for (const channel of [child.stdout, child.stderr]) {
    channel.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}

describe('npm start refuses in one line', () => {
  it('a port that is in use, before anything is started', async () => {
    const { port, release } = await claimPort()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const { code, output } = await runStart(['--once'], { TRADEWIND_PORT: String(port) })
    expect({ code, output }).toEqual({
      code: 1,
      output: `✗ port ${port} is in use; TRADEWIND_PORT names another one for the gateway\n`,
    })
    expect(readdirSync(dataDir)).toEqual([])
    await new Promise((resolve) => server.close(resolve))
    release()
  })

  it('a data folder that another one works on', async () => {
    const { port, release } = await claimPort()
    writeFileSync(join(dataDir, 'lock'), String(process.pid))
    const { code, output } = await runStart(['--once'], { TRADEWIND_PORT: String(port) })
    expect(code).toBe(1)
    expect(output).toBe(`✗ already running (pid ${process.pid}) on the data folder ${dataDir}\n`)
    release()
  })

  it('an option that does not exist', async () => {
    const { code, output } = await runStart(['--onec'], {})
    expect(code).toBe(1)
    expect(output).toMatch(/^✗ Unknown option '--onec'.*\n$/)
  })
})

describe('the options of npm start', () => {
  it('have defaults', () => {
    expect(readStartOptions([], {})).toMatchObject({
      once: false,
      fresh: false,
      port: 8080,
      operatorEmail: 'operator@tradewind.example',
      operatorPassword: undefined,
      operatorGiven: false,
    })
  })

  it.each(['0', '65536', '80a', '-1', '8080.5'])('refuse the port %s', (port) => {
    expect(() => readStartOptions([], { TRADEWIND_PORT: port })).toThrow('TRADEWIND_PORT must be a port')
  })

  it('refuse an operator password that auth would refuse', () => {
    expect(() => readStartOptions([], { TRADEWIND_OPERATOR_PASSWORD: 'short' })).toThrow('at least 8 characters')
  })
})

describe('the first start', () => {
  const options = (env: Record<string, string> = {}) => readStartOptions([], { TRADEWIND_DATA_DIR: dataDir, ...env })

  it('generates a password once, also when it was interrupted', () => {
    const first = readFirstStart(options())
    expect(first.operator?.password).toMatch(/^[A-Za-z0-9]{24}$/)
    expect(readFirstStart(options()).operator).toEqual(first.operator)
  })

  it('forgets the password when it is through, and passes none on later', () => {
    readFirstStart(options()).markDone()
    expect(readdirSync(dataDir)).toEqual(['first-start.json'])
    expect(readFirstStart(options())).toMatchObject({ isDone: true, isGenerated: false, operator: undefined })
  })

  it('passes on an account that is given, at every start', () => {
    const given = { TRADEWIND_OPERATOR_EMAIL: 'op@example.com', TRADEWIND_OPERATOR_PASSWORD: 'a long enough one' }
    const operator = { email: 'op@example.com', password: 'a long enough one' }
    const first = readFirstStart(options(given))
    expect(first).toMatchObject({ isGenerated: false, operator })
    first.markDone()
    expect(readFirstStart(options(given))).toMatchObject({ isDone: true, operator })
  })

  it('drops its own files and nothing else', () => {
    readFirstStart(options()).markDone()
    writeFileSync(join(dataDir, 'letter.txt'), 'not ours')
    dropData(dataDir)
    expect(readdirSync(dataDir)).toEqual(['letter.txt'])
  })
})

describe('the demo catalogue', () => {
  it('has at least 200 products in 6 categories, each SKU once', () => {
    expect(demoCatalogue.length).toBeGreaterThanOrEqual(200)
    expect(new Set(demoCatalogue.map(({ category }) => category)).size).toBe(6)
    const skus = demoCatalogue.flatMap(({ variants }) => variants.map(({ sku }) => sku))
    expect(new Set(skus).size).toBe(skus.length)
    expect(new Set(demoCatalogue.map(({ title }) => title)).size).toBe(demoCatalogue.length)
  })

  it('gives every product one to three variants with a price in whole cents and stock', () => {
    for (const { variants } of demoCatalogue) {
      expect(variants.length).toBeGreaterThanOrEqual(1)
      expect(variants.length).toBeLessThanOrEqual(3)
      for (const { sku, price } of variants) {
        expect(sku).toMatch(/^[A-Z0-9-]{1,64}$/)
        expect(Number.isSafeInteger(price.amountMinor) && price.amountMinor > 0).toBe(true)
        expect(demoStock(sku, 'berlin')).toBeGreaterThanOrEqual(10)
        expect(demoStock(sku, 'berlin')).toBeLessThan(250)
      }
    }
  })
})

describe('the timeline of the demo order', () => {
  const step = (type: string) => ({ type, elapsedMs: 0 })

  it('names what has not happened yet', () => {
    expect(missingMilestones(['orders.order.placed', 'inventory.reservation.held'].map(step))).toEqual([
      'authorised',
      'confirmed',
      'captured',
      'mail sent',
    ])
  })
})
