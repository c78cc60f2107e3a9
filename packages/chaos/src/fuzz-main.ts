import { parseArgs } from 'node:util'
import { openFloor } from './floor.ts'
import { fuzz } from './fuzz/fuzz.ts'

const help = `Usage: pnpm fuzz [options]

Starts the whole system and sends it requests made from its own OpenAPI document, valid and not: no answer above 499, no hang,
no answer outside its schema, and everything adds up afterwards. Exits 1 with what it found.

  --requests N   how many (20000)
  --seed S       which (1)
  --help         print this
`

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string) => process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const [requests, seed] = [Number(values.requests), Number(values.seed)]
  if (![requests, seed].every((number) => Number.isSafeInteger(number) && number > 0)) {
    throw new Error('requests and seed are whole numbers above zero')
  }
  const floor = await openFloor()
  try {
    const startedAt = performance.now()
    const {
      findings,
      statuses,
      operations,
      requests: sent,
    } = await fuzz({ gatewayUrl: floor.gatewayUrl, seed, requests })
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    const counts = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
    say(`${sent} requests to ${operations} routes in ${seconds} s: ${counts.join(', ')}; ${findings.length} findings`)
    for (const { operation, fault, request } of findings)
      say(`${operation}: ${fault}\n   ${JSON.stringify(request).slice(0, 1000)}`)
    if (findings.length > 0) process.exitCode = 1
  } finally {
    await floor.end()
  }
}

if (values.help) process.stdout.write(help)
else {
  main().catch((error: unknown) => {
    process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  })
}
