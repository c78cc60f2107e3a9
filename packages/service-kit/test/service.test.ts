import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const fixture = fileURLToPath(new URL('fixtures/service.ts', import.meta.url))

interface Message {
  type: string
  what?: string
  port?: number
  adminPort?: number
}

interface Run {
  child: ChildProcess
  said: string[]
  output: () => string
  exit: Promise<number | null>
  message: (matches: (message: Message) => boolean) => Promise<Message>
}

function start(env: Record<string, string> = {}): Run {
  const child = fork(fixture, {
    env: { PATH: process.env['PATH'], JWKS_URL: 'http://127.0.0.1:1/jwks', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += String(chunk)
    })
  const messages: Message[] = []
  const said: string[] = []
  child.on('message', (message: Message) => {
    messages.push(message)
    if (message.what !== undefined) said.push(message.what)
  })
  const exit = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null))
  const message = async (matches: (message: Message) => boolean): Promise<Message> => {
    for (;;) {
      const found = messages.find(matches)
      if (found !== undefined) return found
      await Promise.race([
        once(child, 'message'),
        exit.then((code) => {
          throw new Error(`exited ${code}: ${output}`)
        }),
      ])
    }
  }
  return { child, said, output: () => output, exit, message }
}

async function listening(run: Run): Promise<{ url: string; admin: string }> {
  const { port, adminPort } = await run.message(({ type }) => type === 'listening')
  return { url: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${adminPort}` }
}

const probe = async (url: string) => {
  const response = await fetch(url)
  return { status: response.status, body: await response.text() }
}

test('answers probes, watches its checks and never hangs on one', async () => {
  const run = start()
  const { admin } = await listening(run)
  expect((await probe(`${admin}/livez`)).status).toBe(200)
  expect((await probe(`${admin}/readyz`)).status).toBe(200)
  const metrics = await probe(`${admin}/metrics`)
  expect(metrics.body).toContain('nodejs_eventloop_lag_seconds')
  expect(metrics.body).toContain('service="fixture"')
  run.child.send('break')
  run.child.send('hang')
  await expect.poll(async () => (await probe(`${admin}/readyz`)).body, { timeout: 8_000 }).toContain('no answer within')
  const broken = await probe(`${admin}/readyz`)
  expect(broken.status).toBe(503)
  expect(JSON.parse(broken.body).checks).toMatchObject({
    database: { ok: false, reason: 'database is gone' },
    hanging: { ok: false },
  })
}, 15_000)

test('stays ready for requests without what only events need', async () => {
  const run = start()
  const { admin } = await listening(run)
  run.child.send('deafen')
  await expect.poll(async () => (await probe(`${admin}/readyz`)).status, { timeout: 8_000 }).toBe(503)
  expect((await probe(`${admin}/readyz?for=requests`)).status).toBe(200)
  run.child.send('break')
  await expect.poll(async () => (await probe(`${admin}/readyz?for=requests`)).status, { timeout: 8_000 }).toBe(503)
}, 20_000)

test('finishes the request in flight, then stops its parts last started first, and exits 0', async () => {
  const run = start()
  const { url } = await listening(run)
  const agent = new Agent({ keepAlive: true })
  const answer = new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
    get(`${url}/slow`, { agent }, (response) => {
      response
        .resume()
        .on('end', () => resolve({ status: response.statusCode, connection: response.headers.connection }))
    }).on('error', reject)
  })
  await run.message(({ what }) => what === 'request arrived')
  run.child.kill('SIGTERM')
  expect(await answer).toEqual({ status: 200, connection: 'close' })
  expect(await run.exit).toBe(0)
  expect(run.said).toEqual(['request arrived', 'request answered', 'consumer stopped', 'database closed'])
})

test('answers on a connection that was kept open, with the word that it ends, before it closes it', async () => {
  const run = start()
  const { url } = await listening(run)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = () =>
    new Promise<{ connection: string | undefined; isReused: boolean }>((resolve, reject) => {
      const request = get(`${url}/nothing`, { agent }, (response) => {
        const { connection } = response.headers
        response.resume().on('end', () => resolve({ connection, isReused: request.reusedSocket }))
      }).on('error', reject)
    })
  expect(await ask()).toEqual({ connection: 'keep-alive', isReused: false })
  run.child.kill('SIGTERM')
  await expect.poll(run.output).toContain('stopping')
  expect(await ask()).toEqual({ connection: 'close', isReused: true })
  expect(await run.exit).toBe(0)
}, 20_000)

test('stops when its parent is gone', async () => {
  const run = start()
  await listening(run)
  // A parent that disconnects by itself hears no 'close' any more, only 'exit'.
  const exited = once(run.child, 'exit')
  run.child.disconnect()
  expect(await exited).toEqual([0, null])
  await expect.poll(run.output).toContain('stopped')
})

test('stops the other parts when one cannot stop, and exits 1', async () => {
  const run = start({ MODE: 'bad-stop' })
  await listening(run)
  run.child.kill('SIGINT')
  expect(await run.exit).toBe(1)
  expect(run.said).toContain('database closed')
  expect(run.output()).toContain('cannot stop')
})

test('exits at once on a second signal', async () => {
  const run = start()
  const { url } = await listening(run)
  const request = fetch(`${url}/slow`).then(
    () => 'answered',
    () => 'cut off',
  )
  await run.message(({ what }) => what === 'request arrived')
  run.child.kill('SIGINT')
  await expect.poll(run.output).toContain('stopping')
  run.child.kill('SIGINT')
  expect(await run.exit).toBe(1)
  expect(await request).toBe('cut off')
})

test('names every configuration fault in one message and exits 78', async () => {
  const run = start({ PORT: 'x', LOG_LEVEL: 'loud', JWKS_URL: '' })
  expect(await run.exit).toBe(78)
  for (const name of ['PORT', 'LOG_LEVEL', 'JWKS_URL']) expect(run.output()).toContain(`  ${name} `)
})

test('says in one line why it could not start and exits 1', async () => {
  const run = start({ MODE: 'fails' })
  expect(await run.exit).toBe(1)
  const lines = run.output().trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('start failed: no connection to the database')
  expect(lines[0]).toContain('ECONNREFUSED')
})

test('exits 1 on a rejection that nobody caught', async () => {
  const run = start()
  await listening(run)
  run.child.send('reject')
  expect(await run.exit).toBe(1)
  expect(run.output()).toContain('nobody caught this')
})

test('exits 1 when its port is taken', async () => {
  const first = start()
  const { url } = await listening(first)
  const second = start({ PORT: new URL(url).port })
  expect(await second.exit).toBe(1)
  expect(second.output()).toContain('EADDRINUSE')
})
