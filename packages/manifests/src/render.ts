import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { type Manifest, parseManifests } from './manifest.ts'

const run = promisify(execFile)
/** Far more than an overlay has. */
const maxOutputBytes = 16 * 1024 * 1024
const timeoutMs = 30_000

export type Render = (folder: string) => Promise<readonly Manifest[]>

const renderers = [
  { program: 'kubectl', version: ['version', '--client'], render: ['kustomize'] },
  { program: 'kustomize', version: ['version'], render: ['build'] },
]

/** Renders with the kubectl or the kustomize of this machine; undefined when it has neither. */
export function findRenderer(): Render | undefined {
  const found = renderers.find(({ program, version }) => answers(program, version))
  if (found === undefined) return undefined
  return async (folder) => {
    const { stdout } = await run(found.program, [...found.render, folder], {
      maxBuffer: maxOutputBytes,
      timeout: timeoutMs,
    })
    return parseManifests(stdout)
  }
}

function answers(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: timeoutMs })
    return true
  } catch {
    // Not there, or of no use: then another one is looked for, and without any the tests say so.
    return false
  }
}
