// Says whether a restored backup is whole: node dist/main.js MONGODB_URL. Ends with 1 when it is not.
import { checkRestored } from './check-restored.ts'

const [, , url] = process.argv
if (url === undefined) {
  process.stderr.write('backups: give the URL of the MongoDB that the backup was restored to\n')
  process.exit(2)
}
try {
  const { orders, underWay, violations } = await checkRestored(url)
  for (const { invariant, message } of violations) process.stdout.write(`${invariant} ${message}\n`)
  const verdict = violations.length === 0 ? 'everything adds up' : `${violations.length} promises do not hold`
  process.stdout.write(`${orders} orders, ${underWay} of them under way: ${verdict}\n`)
  process.exitCode = violations.length === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`backups: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
