import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNatsServer, type RunningNatsServer, startNatsServer } from '@tradewind/launcher/nats-server'
import { createLogger } from '@tradewind/service-kit/log'
import { startNatsContainer } from '@tradewind/testkit/nats-container'

/** A broker that a test may kill, empty and start again on the same port. */
export interface TestBroker {
  readonly url: string
  readonly kill: () => Promise<void>
  /** Starts it again, with its data or without. */
  readonly restart: (options?: { empty?: boolean }) => Promise<void>
  readonly stop: () => Promise<void>
}

export const silent = createLogger({ name: 'test', level: 'silent' })

/** A nats-server of this machine, or one in a container when NATS_IMAGE names its image. */
export async function startBroker(): Promise<TestBroker> {
  const image = process.env['NATS_IMAGE'] ?? ''
  return image === '' ? await startProcess() : await startContainer(image)
}

async function startContainer(image: string): Promise<TestBroker> {
  let container = await startNatsContainer(image)
  const { url, port } = container
  return {
    url,
    kill: () => container.kill(),
    restart: async ({ empty = false } = {}) => {
      if (!empty) return await container.start()
      await container.remove()
      container = await startNatsContainer(image, port)
    },
    stop: () => container.remove(),
  }
}

async function startProcess(): Promise<TestBroker> {
  const { path } = await findNatsServer()
  const dataDir = await mkdtemp(join(tmpdir(), 'tradewind-broker-'))
  const logFile = join(dataDir, 'nats-server.log')
  let server: RunningNatsServer = await startNatsServer({ path, dataDir, logFile })
  const { url, port } = server
  const kill = async () => {
    server.process.kill('SIGKILL')
    await server.process.exited
  }
  return {
    url,
    kill,
    restart: async ({ empty = false } = {}) => {
      if (empty) await rm(join(dataDir, 'jetstream'), { recursive: true, force: true })
      server = await startNatsServer({ path, dataDir, logFile, port })
    },
    stop: async () => {
      await kill()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
