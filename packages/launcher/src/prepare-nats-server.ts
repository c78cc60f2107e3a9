// Finds or fetches nats-server before many processes ask for it at once, and says which one it is.
import { findNatsServer } from './find-nats-server.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

try {
  const { path, version, foundIn } = await findNatsServer({ onProgress: say })
  say(`nats-server ${version} (${foundIn === 'fetched' ? 'fetched' : `from ${foundIn}`}: ${path})`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
