import { setTimeout as delay } from 'node:timers/promises'
import type { Component } from './component.ts'
import { describeExit, type Exit } from './process.ts'

const maxRestarts = 5
const withinMs = 10 * 60_000
const firstPauseMs = 200

/**
 * Starts a component again that ended by itself, after a pause that doubles. One that ends more than five times within ten
 * minutes stays ended, as starting it again does not help.
 */
export function makeKeepRunning(
  say: (line: string) => void,
  pause: (ms: number) => Promise<unknown> = delay,
): (component: Component, exit: Exit) => Promise<void> {
  const endings = new Map<string, number[]>()
  return async (component, exit) => {
    const { name } = component
    const recent = [...(endings.get(name) ?? []), Date.now()].filter((at) => at > Date.now() - withinMs)
    endings.set(name, recent)
    if (recent.length > maxRestarts) {
      say(`${name} ended (${describeExit(exit)}) for the ${recent.length}th time in ten minutes and stays ended`)
      return
    }
    say(`${name} ended (${describeExit(exit)}), starting it again`)
    await pause(firstPauseMs * 2 ** (recent.length - 1))
    const startedAt = performance.now()
    try {
      await component.restart()
      await component.waitReady()
      say(`${name} is back after ${Math.round(performance.now() - startedAt)} ms`)
    } catch (error) {
      say(`${name} did not come back: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
