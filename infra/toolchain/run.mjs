// The way in on a bare machine: plain JavaScript that an old Node still parses, so that it can say what it needs.
const neededMajor = 20
if (Number(process.versions.node.split('.')[0]) < neededMajor) {
  process.stderr.write(
    'Tradewind needs Node ' + neededMajor + ' or later to start; this is Node ' + process.versions.node + '.\n',
  )
  process.exit(1)
}
import('./commands.mjs').then(
  (commands) => commands.main(process.argv.slice(2)),
  (error) => {
    process.stderr.write(String(error && error.stack) + '\n')
    process.exit(1)
  },
)
