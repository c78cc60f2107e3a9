import { spawn } from 'node:child_process'
import { Refusal, say, seconds } from './say.mjs'

const heartbeatMs = 10_000
/** How npm and pnpm say that the registry cannot be reached; the first group says why. */
const networkFaults = [
  /client error \(Connect\): (?:dns error: )?([^)\n]+)/,
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|[A-Z_]*CERT[A-Z_]*)\b/,
  /\b(ERR_PNPM_META_FETCH_FAIL)\b/,
]

/**
 * Runs a program without showing what it prints, unless it fails; every ten seconds a line says that it still works.
 *
 * @param {string} what `fetching pnpm`
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, neededFor: string }} options
 * @returns {Promise<void>} rejects with a Refusal when the program is missing or fails
 */
export async function quietly(what, program, args, { cwd, env, neededFor }) {
  const startedAt = performance.now()
  say(`${what} …`)
  const heartbeat = setInterval(() => say(`${what} … ${seconds(startedAt)}`), heartbeatMs)
  try {
    const { code, output } = await capture(program, args, { cwd, env })
    if (code === 0) return
    const fault = networkFaults.map((pattern) => pattern.exec(output)?.[1]).find((why) => why !== undefined)
    if (fault !== undefined)
      throw new Refusal(`cannot reach the npm registry: ${fault}; it is needed once to ${neededFor}`)
    throw new Refusal(`${program} ${args[0]} failed (exit code ${code}):\n${output.trim()}`)
  } finally {
    clearInterval(heartbeat)
  }
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ code: number | null, output: string }>} what it printed on both channels
 */
export function capture(program, args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const channel of [child.stdout, child.stderr]) {
      channel.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text
      })
    }
    child.once('error', (error) => reject(new Refusal(`cannot run ${program}: ${error.message}`)))
    child.once('close', (code) => resolve({ code, output }))
  })
}
