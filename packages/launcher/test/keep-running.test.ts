import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Component } from '../src/component.ts'
import { devEnvironment } from '../src/dev-places.ts'
import { makeKeepRunning } from '../src/keep-running.ts'
import { rotateLogs } from '../src/rotate-logs.ts'

const killed = { code: null, signal: 'SIGKILL' } as const

function fakeComponent(restart: () => Promise<void>): Component {
  return {
    name: 'orders',
    pid: 1,
    url: '',
    isRunning: () => false,
    kill: () => {},
    restart,
    waitReady: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    exited: () => Promise.resolve(killed),
  }
}

describe('a component that ends by itself', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is started again five times within ten minutes, then left', async () => {
    const restart = vi.fn<() => Promise<void>>(() => Promise.resolve())
    const lines: string[] = []
    const keepRunning = makeKeepRunning(
      (line) => lines.push(line),
      () => Promise.resolve(),
    )
    const component = fakeComponent(restart)
    for (let ending = 0; ending < 6; ending += 1) await keepRunning(component, killed)
    expect(restart).toHaveBeenCalledTimes(5)
    expect(lines.at(-1)).toBe('orders ended (SIGKILL) for the 6th time in ten minutes and stays ended')

    vi.setSystemTime(Date.now() + 11 * 60_000)
    await keepRunning(component, killed)
    expect(restart).toHaveBeenCalledTimes(6)
  })

  it('is waited for longer each time', async () => {
    const pauses: number[] = []
    const pause = (ms: number) => {
      pauses.push(ms)
      return Promise.resolve()
    }
    const keepRunning = makeKeepRunning(() => {}, pause)
    const component = fakeComponent(() => Promise.resolve())
    for (let ending = 0; ending < 4; ending += 1) await keepRunning(component, killed)
    expect(pauses).toEqual([200, 400, 800, 1600])
  })

  it('is reported when it does not come back', async () => {
    const lines: string[] = []
    const keepRunning = makeKeepRunning(
      (line) => lines.push(line),
      () => Promise.resolve(),
    )
    await keepRunning(
      fakeComponent(() => Promise.reject(new Error('the port is taken'))),
      killed,
    )
    expect(lines).toEqual(['orders ended (SIGKILL), starting it again', 'orders did not come back: the port is taken'])
  })
})

describe('logs', () => {
  it('of the start before are kept once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tradewind-logs-'))
    rotateLogs(join(folder, 'none'))
    mkdirSync(join(folder, 'logs'))
    for (const text of ['first', 'second', 'third']) {
      rotateLogs(join(folder, 'logs'))
      writeFileSync(join(folder, 'logs', 'orders.log'), text)
    }
    expect(readdirSync(join(folder, 'logs')).toSorted()).toEqual(['orders.log', 'orders.previous.log'])
    expect(readFileSync(join(folder, 'logs', 'orders.previous.log'), 'utf8')).toBe('second')
    rmSync(folder, { recursive: true })
  })
})

describe('a service that is developed alone', () => {
  it('has a place of its own, finds auth at its place, and takes what is given before that', () => {
    const env = devEnvironment('orders', { PORT: '9000', NATS_URL: 'nats://given' }, { NATS_URL: 'nats://own' })
    expect(env).toMatchObject({
      PORT: '9000',
      ADMIN_PORT: '4103',
      NATS_URL: 'nats://given',
      JWKS_URL: 'http://127.0.0.1:4001/.well-known/jwks.json',
    })
  })

  it('is one of Tradewind', () => {
    expect(() => devEnvironment('shipping', {}, {})).toThrow('shipping is not a service of Tradewind')
  })
})
