import { setTimeout as delay } from 'node:timers/promises'
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'

export interface MongodbContainer {
  readonly url: string
  readonly stop: () => Promise<void>
}

const port = 27_017
const startTimeoutMs = 60_000

/** MongoDB as a replica set of one, or the embedded database when that is what the image holds. */
export async function startMongodbContainer(image: string): Promise<MongodbContainer> {
  const isEmbedded = image.includes('embedded-mongodb')
  const container = await new GenericContainer(image)
    .withCommand(
      isEmbedded
        ? ['--host=0.0.0.0', `--port=${port}`, '--data=/data']
        : ['mongod', '--replSet=tradewind', '--bind_ip_all'],
    )
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forListeningPorts())
    .start()
  if (!isEmbedded) await startReplicaSet(container)
  return {
    url: `mongodb://${container.getHost()}:${container.getMappedPort(port)}/?directConnection=true`,
    stop: async () => {
      await container.stop({ timeout: 0 })
    },
  }
}

/** Resolves when the one member accepts writes. */
async function startReplicaSet(container: StartedTestContainer): Promise<void> {
  const member = `{ _id: 'tradewind', members: [{ _id: 0, host: '127.0.0.1:${port}' }] }`
  const script = `try { rs.status() } catch { rs.initiate(${member}) }; quit(db.hello().isWritablePrimary ? 0 : 1)`
  const giveUpAt = performance.now() + startTimeoutMs
  for (;;) {
    const { exitCode, output } = await container.exec(['mongosh', '--quiet', '--eval', script])
    if (exitCode === 0) return
    if (performance.now() > giveUpAt) throw new Error(`the replica set did not start: ${output}`)
    await delay(500)
  }
}
