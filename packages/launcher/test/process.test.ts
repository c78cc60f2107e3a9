import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimPort, isAlive, isPortFree } from '../src/claim-port.ts'
import { startComponent } from '../src/component.ts'
import { launch, launchListening, type RunningProcess } from '../src/process.ts'
import { until } from './until.ts'

let folder: string
let logFile: string
const started: RunningProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tradewind-launcher-'))
  logFile = join(folder, 'process.log')
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop(0)))
  rmSync(folder, { recursive: true })
})

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name)

async function startListener(env: Record<string, string> = {}) {
  const result = await launchListening({
    name: 'listener',
    command: process.execPath,
    args: [fixture('listener.ts')],
    env: { ...process.env, ...env },
    logFile,
  })
  started.push(result.process)
  return result
}

const start = (args: string[], startTimeoutMs?: number) =>
  launchListening({
    name: 'orders',
    command: process.execPath,
    args,
    env: process.env,
    logFile,
    ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
  })

describe('starting a process', () => {
  it('resolves when it says that it listens, and keeps what it prints', async () => {
    const { process: running, listening } = await startListener()
    const answer = await fetch(`http://127.0.0.1:${listening.port}/hello`)
    expect(await answer.text()).toBe(`/hello from ${running.pid}\n`)
    expect(readFileSync(logFile, 'utf8')).toContain(`listening on ${listening.port}`)
  })

  it('names the exit code and the last lines when it ends before that', async () => {
    await expect(start([fixture('crasher.ts')])).rejects.toThrow(
      /^orders stopped while starting \(exit code 78\)\. Its last lines:\nreading the configuration\nMONGODB_URL is missing\n/,
    )
  })

  it('shows only what the failed run printed, not what an earlier one did', async () => {
    await startListener()
    await expect(start([fixture('crasher.ts')])).rejects.not.toThrow(/listening on/)
  })

  it('ends a process that does not listen in time', async () => {
    const silent = start(['-e', 'process.stdout.write(String(process.pid)); setInterval(() => {}, 1000)'], 400)
    await expect(silent).rejects.toThrow(/orders did not listen within 400 ms/)
    expect(isAlive(Number(readFileSync(logFile, 'utf8')))).toBe(false)
  })

  it('says so when the program does not exist', async () => {
    const missing = launch({
      name: 'nats-server',
      command: '/nowhere/nats-server',
      args: [],
      env: {},
      logFile,
      leash: 'pipe',
    })
    await expect(missing).rejects.toThrow(/nats-server cannot be started with \/nowhere\/nats-server: .*ENOENT/)
  })
})

describe('ending a process', () => {
  it('asks first', async () => {
    const { process: running } = await startListener()
    expect(await running.stop()).toEqual({ code: 0, signal: null })
  })

  it('kills one that does not listen to it', async () => {
    const { process: running } = await startListener({ STUBBORN: '1' })
    expect(await running.stop(100)).toEqual({ code: null, signal: 'SIGKILL' })
    expect(readFileSync(logFile, 'utf8')).toContain('not yet')
  })

  it('leaves nothing behind when the parent is killed', async () => {
    const parent = spawn(process.execPath, [fixture('parent.ts')], { env: { ...process.env, LOG_FILE: logFile } })
    const pids = await new Promise<number[]>((resolve) => {
      parent.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.split(' ').map(Number)))
    })
    expect(pids.map(isAlive)).toEqual([true, true])
    parent.kill('SIGKILL')
    await until(() => pids.every((pid) => !isAlive(pid)))
  })
})

describe('a component', () => {
  it('comes back on the same port after it was killed', async () => {
    const { port, release } = await claimPort()
    const exits: string[] = []
    const component = await startComponent(
      {
        name: 'orders',
        url: `http://127.0.0.1:${port}`,
        adminUrl: `http://127.0.0.1:${port}`,
        start: async () => (await startListener({ PORT: String(port) })).process,
      },
      (name, { signal }) => exits.push(`${name} ${signal}`),
    )
    await component.waitReady()
    const firstPid = component.pid
    component.kill('SIGKILL')
    await component.exited()
    await expect(component.waitReady(1_000)).rejects.toThrow('orders stopped (SIGKILL)')

    await component.restart()
    await component.waitReady()
    expect(component.pid).not.toBe(firstPid)
    expect(await (await fetch(`${component.url}/again`)).text()).toBe(`/again from ${component.pid}\n`)
    expect(exits).toEqual(['orders SIGKILL'])
    await component.stop()
    expect(await isPortFree(port)).toBe(true)
    release()
  })
})
