import { createServer } from 'node:net'

/** A broker in a container, with a port of this machine that stays the same. */
export interface NatsContainer {
  readonly url: string
  readonly port: number
  /** SIGKILL; its data stay. */
  readonly kill: () => Promise<void>
  readonly start: () => Promise<void>
  /** Ends it and removes its data. */
  readonly remove: () => Promise<void>
}

/** Starts NATS with JetStream from an image whose PATH has `nats-server`. Throws when there is no container engine. */
export async function startNatsContainer(image: string, givenPort?: number): Promise<NatsContainer> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers')
  const port = givenPort ?? (await freePort())
  const container = await new GenericContainer(image)
    .withEntrypoint(['nats-server'])
    .withCommand(['--jetstream', '--store_dir=/data', '--port=4222'])
    .withExposedPorts({ container: 4222, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start()
  const { container: engine } = await getContainerRuntimeClient()
  const handle = engine.getById(container.getId())
  return {
    url: `nats://${container.getHost()}:${port}`,
    port,
    kill: async () => {
      await handle.kill()
      await handle.wait()
    },
    start: async () => {
      await handle.start()
    },
    remove: async () => {
      await container.stop({ timeout: 0 })
    },
  }
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('there is no free port')
  return address.port
}
