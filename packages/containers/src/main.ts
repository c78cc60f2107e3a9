// The tests that need a database or a broker, against containers, and the whole system as containers: npm run test:containers.
// Images are those of infra/docker/base-images.env; MONGODB_IMAGE and NATS_IMAGE in the environment name others.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { getContainerRuntimeClient } from 'testcontainers'
import { startMongodbContainer } from './mongodb-container.ts'

const root = resolve(import.meta.dirname, '../../..')
/** Whatever speaks to the database or the broker. */
const suites = [
  'packages/database',
  'packages/messaging',
  'services/inventory',
  'services/orders',
  'services/payments',
  'services/notifications',
  'services/auth',
]

const why = await getContainerRuntimeClient().then(
  () => undefined,
  (error: unknown) => reasonOf(error),
)
if (why === undefined) {
  process.exitCode = (await testAll()) ? 0 : 1
} else {
  process.stdout.write(`test:containers: no container engine answers (${why}), so nothing was tested with containers\n`)
}

async function testAll(): Promise<boolean> {
  const images = { ...parseEnv(readFileSync(resolve(root, 'infra/docker/base-images.env'), 'utf8')), ...process.env }
  const mongodb = await startMongodbContainer(images['MONGODB_IMAGE'] ?? '').catch((error: unknown) => {
    process.stderr.write(
      `test:containers: the database does not start in a container: ${reasonOf(error)}\n` +
        `  The image is ${images['MONGODB_IMAGE']}; MONGODB_IMAGE and NATS_IMAGE name others. Where the image of testcontainers’\n` +
        '  own cleaner cannot be had, TESTCONTAINERS_RYUK_DISABLED=true does without it.\n',
    )
    return undefined
  })
  if (mongodb === undefined) return false
  const env = { ...images, MONGODB_URL: mongodb.url, NATS_URL: '' }
  try {
    const failed: string[] = []
    for (const suite of suites) if (!(await passes(suite, env))) failed.push(suite)
    if (!(await passes('packages/containers', images))) failed.push('packages/containers')
    const verdict = failed.length === 0 ? 'everything passed' : `failed: ${failed.join(', ')}`
    process.stdout.write(`test:containers: ${images['MONGODB_IMAGE']} and ${images['NATS_IMAGE']}: ${verdict}\n`)
    return failed.length === 0
  } finally {
    await mongodb.stop()
  }
}

async function passes(folder: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  process.stdout.write(`test:containers: ${folder}\n`)
  const tests = spawn('pnpm', ['exec', 'vitest', 'run'], { cwd: resolve(root, folder), env, stdio: 'inherit' })
  const [code] = await once(tests, 'exit')
  return code === 0
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim()
}
