// Builds the images: npm run images [-- --tag TAG] [name…]. Bundles, the locked production dependencies and the list of
// them (CycloneDX) are gathered here, on the machine that builds, so that building an image needs no network but for its base.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs, parseEnv } from 'node:util'

const root = resolve(import.meta.dirname, '../..')
const folders = {
  auth: 'services/auth',
  inventory: 'services/inventory',
  orders: 'services/orders',
  payments: 'services/payments',
  notifications: 'services/notifications',
  gateway: 'services/gateway',
  'embedded-mongodb': 'packages/embedded-mongodb',
  backups: 'packages/backups',
}

const { values, positionals } = parseArgs({
  options: { tag: { type: 'string', default: 'local' } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !Object.hasOwn(folders, name))
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; known are ${Object.keys(folders).join(', ')}\n`)
  process.exit(2)
}
/** Targets of the Dockerfile that are not `service`. */
const targets = new Map([
  ['embedded-mongodb', 'embedded-mongodb'],
  ['backups', 'runtime'],
])
const baseImage = process.env['NODE_IMAGE'] ?? pinnedImage()
const commit = (/** @type {string} */ format) =>
  execFileSync('git', ['show', '--no-patch', `--format=${format}`], { cwd: root, encoding: 'utf8' }).trim()
// Of the commit, not of the build: the same source makes the same labels.
const revision = commit('%H')
const created = commit('%cI')

for (const [name, folder] of Object.entries(folders)) {
  if (positionals.length === 0 || positionals.includes(name)) build(name, folder)
}

/**
 * @param {string} name
 * @param {string} folder
 */
function build(name, folder) {
  const gathered = join(root, 'dist/images', name)
  /** @type {{ version: string, description: string }} */
  const { version, description } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  run('pnpm', ['exec', 'turbo', 'run', 'build', '--filter', `@tradewind/${name}`])
  gather(name, folder, gathered)
  const given = {
    BASE_IMAGE: baseImage,
    NAME: name,
    DESCRIPTION: description,
    VERSION: version,
    REVISION: revision,
    CREATED: created,
  }
  run('docker', [
    'build',
    `--file=${join(import.meta.dirname, 'service.Dockerfile')}`,
    `--target=${targets.get(name) ?? 'service'}`,
    ...Object.entries(given).map(([key, value]) => `--build-arg=${key}=${value}`),
    `--tag=tradewind/${name}:${values.tag}`,
    gathered,
  ])
}

/** What is published stands on the pinned image. What stays here may stand on what this machine has under its tag. */
function pinnedImage() {
  const pinned = parseEnv(readFileSync(join(import.meta.dirname, 'base-images.env'), 'utf8'))['NODE_IMAGE'] ?? ''
  const [tag = ''] = pinned.split('@')
  if (isOnThisMachine(pinned)) return pinned
  try {
    run('docker', ['pull', pinned])
    return pinned
  } catch {
    if (values.tag === 'local' && isOnThisMachine(tag)) {
      process.stderr.write(`images: built on this machine's ${tag}, since ${pinned} cannot be fetched\n`)
      return tag
    }
    process.stderr.write(
      `images: the base image ${pinned} cannot be fetched. NODE_IMAGE names another one, of this machine or of a registry.\n`,
    )
    process.exit(1)
  }
}

/** @param {string} image */
function isOnThisMachine(image) {
  return spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0
}

/**
 * What the image holds: the bundle, the dependencies without the workspace's own packages, which are in the bundle, and
 * the list of all that.
 *
 * @param {string} name
 * @param {string} folder
 * @param {string} to
 */
function gather(name, folder, to) {
  const deployed = join(root, 'dist/deployed', name)
  for (const old of [deployed, to]) rmSync(old, { recursive: true, force: true })
  run('pnpm', [
    `--filter=@tradewind/${name}`,
    'deploy',
    '--prod',
    '--legacy',
    '--config.node-linker=hoisted',
    '--config.package-import-method=copy',
    deployed,
  ])
  rmSync(join(deployed, 'node_modules/@tradewind'), { recursive: true, force: true })
  for (const unused of ['.bin', '.pnpm', '.modules.yaml', '.package-map.json', '.pnpm-workspace-state-v1.json'])
    rmSync(join(deployed, 'node_modules', unused), { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  cpSync(join(root, folder, 'dist'), join(to, 'dist'), { recursive: true })
  cpSync(join(deployed, 'package.json'), join(to, 'package.json'))
  const list = ['--prod', '--sbom-format=cyclonedx', '--sbom-type=application', `--out=${join(to, 'sbom.cdx.json')}`]
  run('pnpm', [`--filter=@tradewind/${name}`, 'sbom', ...list])
  const modules = join(deployed, 'node_modules')
  if (existsSync(modules)) cpSync(modules, join(to, 'node_modules'), { recursive: true })
  rmSync(deployed, { recursive: true, force: true })
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function run(program, args) {
  execFileSync(program, args, { cwd: root, stdio: 'inherit' })
}
