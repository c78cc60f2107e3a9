import { readFileSync } from 'node:fs'

/** Linux counts the time of a process in hundredths of a second, whatever the machine. */
const msPerTick = 10

/** What a process has used of the processors so far, in milliseconds, user and system together. Linux only. */
export function cpuMs(pid: number | undefined): number {
  // The name in brackets may hold blanks; user and system time are the 12th and 13th field after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * msPerTick
}
