import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { quietly } from './quietly.mjs'
import { say, seconds } from './say.mjs'
import { root, toolchain } from './tools.mjs'

/**
 * Installs exactly what pnpm-lock.yaml says. Skipped when neither it nor a manifest has changed since the last time.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export async function installDependencies(env) {
  const stampFile = join(root, 'node_modules', '.tradewind-installed')
  const isCurrent = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint()
  if (isCurrent()) return
  await withLock(join(toolchain, 'set-up.lock'), async () => {
    if (isCurrent()) return
    const startedAt = performance.now()
    const flags = ['--frozen-lockfile', '--reporter=append-only', '--config.confirmModulesPurge=false']
    // As it comes, pnpm goes on for ten minutes without a network. What it has fetched is kept for the next try.
    const patience = { fetchRetries: 1, fetchRetryMintimeout: 1_000, fetchRetryMaxtimeout: 2_000 }
    const settings = Object.entries(patience).map(([name, value]) => `--config.${name}=${value}`)
    await quietly('installing the locked dependencies', 'pnpm', ['install', ...flags, ...settings], {
      cwd: root,
      env,
      neededFor: 'install the locked dependencies',
    })
    writeFileSync(stampFile, fingerprint())
    say(`dependencies ready in ${seconds(startedAt)}`)
  })
}

/** What decides about node_modules: the platform, the lock file, the workspace and every manifest. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}\n`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...workspaceManifests()]) {
    hash.update(`${file}\n`).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

/** `packages/contracts/package.json` and so on, in a stable order. */
export function workspaceManifests() {
  return ['infra', 'packages', 'services']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}/package.json`))
    .filter((file) => existsSync(join(root, file)))
    .toSorted()
}
