import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startChild, stopChild } from '../support/child-server.ts'
import { temporaryDirectory } from '../support/mongo.ts'

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts')

let dataDir = ''
beforeEach(() => {
  dataDir = temporaryDirectory()
})
afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }))

async function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args])
  const out = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => (out.stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (out.stderr += chunk.toString()))
  const [code]: unknown[] = await once(child, 'close')
  return { code, ...out }
}

/** Not waited for: the driver may wait for ever to end its sessions with a server that went away at this very moment. */
function abandon(client: MongoClient): void {
  client.close().catch(() => undefined)
}

describe('the command line', () => {
  test('explains itself', async () => {
    const { code, stdout } = await run('--help')
    expect(code).toBe(0)
    expect(stdout).toContain('--data DIR')
  })

  test.each<[string, string[], string]>([
    ['no directory', [], '--data DIR is required'],
    ['an unknown option', ['--nonsense'], "Unknown option '--nonsense'"],
    ['a port that is none', ['--data', 'x', '--port', 'abc'], 'is not a port number'],
    ['an unknown command', ['nonsense'], 'unknown command nonsense'],
  ])('says in one line what is wrong: %s', async (_, args, expected) => {
    const { code, stderr } = await run(...args)
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain(expected)
  })

  test('names a port in use and a directory in use', async () => {
    const running = await startChild(dataDir)
    const other = temporaryDirectory()
    const port = await run('--data', other, '--port', String(running.port))
    expect(port).toMatchObject({ code: 1, stderr: `embedded-mongodb: port ${running.port} is in use\n` })
    const directory = await run('--data', dataDir, '--port', '0')
    expect(directory).toMatchObject({
      code: 1,
      stderr: `embedded-mongodb: data directory ${dataDir} is in use by another process\n`,
    })
    await stopChild(running, 'SIGKILL')
    fs.rmSync(other, { recursive: true, force: true })
  })

  test('stops cleanly on SIGTERM and when its parent goes away, and opens again', async () => {
    for (const stop of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
      const running = await startChild(dataDir)
      const client = new MongoClient(running.url)
      await client.db('t').collection('x').insertOne({ stop })
      const exited = once(running.child, 'exit')
      if (stop === 'disconnect') running.child.disconnect()
      else running.child.kill(stop)
      expect(await exited).toEqual([0, null])
      abandon(client)
    }
    const running = await startChild(dataDir)
    const client = new MongoClient(running.url)
    expect(await client.db('t').collection('x').countDocuments()).toBe(3)
    await client.close()
    await stopChild(running, 'SIGTERM')
  })

  test('stops under load without losing what it has acknowledged', async () => {
    const running = await startChild(dataDir)
    const client = new MongoClient(running.url, { maxPoolSize: 32, serverSelectionTimeoutMS: 1000 })
    const acknowledged = new Set<string>()
    const exited = once(running.child, 'exit')
    const write = async (writer: number): Promise<void> => {
      for (let i = 0; ; i++) {
        const _id = `${writer}-${i}`
        await client.db('t').collection<{ _id: string }>('x').insertOne({ _id })
        acknowledged.add(_id)
        if (acknowledged.size === 1000) running.child.kill('SIGTERM')
      }
    }
    const stopped = Promise.allSettled(Array.from({ length: 32 }, (_, writer) => write(writer)))
    expect(await exited).toEqual([0, null])
    abandon(client)
    await stopped
    const again = await startChild(dataDir)
    const reader = new MongoClient(again.url)
    const stored = new Set((await reader.db('t').collection('x').distinct('_id')).map(String))
    expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([])
    await reader.close()
    await stopChild(again, 'SIGTERM')
  })

  test('backs up and restores a running server', async () => {
    const running = await startChild(dataDir)
    const client = new MongoClient(running.url)
    const collection = client.db('t').collection('x')
    await collection.insertOne({ a: 1 })
    const file = path.join(dataDir, 'copy')
    expect(await run('backup', file, '--port', String(running.port))).toMatchObject({ code: 0, stderr: '' })
    await collection.deleteMany({})
    expect(await run('restore', file, '--port', String(running.port))).toMatchObject({ code: 0, stderr: '' })
    expect(await collection.countDocuments()).toBe(1)
    const again = await run('backup', file, '--port', String(running.port))
    expect(again.stderr).toContain('exists already')
    await client.close()
    await stopChild(running, 'SIGTERM')
  })
})
