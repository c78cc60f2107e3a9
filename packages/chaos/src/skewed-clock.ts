// Preloaded into every process of a system whose clocks are to go wrong. A file per service says how; see clock.ts.
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type ClockFault, clockFileOf, clockFolderVariable } from './clock.ts'

const readEveryMs = 20
const { Date: RealDate } = globalThis
const service = basename(dirname(dirname(process.argv[1] ?? '')))
const file = join(process.env[clockFolderVariable] ?? '', clockFileOf(service))
let fault: ClockFault = { offsetMs: 0 }

const now = () => (fault.frozenAt ?? RealDate.now()) + fault.offsetMs

function read(): void {
  try {
    const found: ClockFault = JSON.parse(readFileSync(file, 'utf8'))
    fault = found
  } catch {
    // No file, or half of one: the clock goes on as it went.
  }
}

class SkewedDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(now())
    else super(...given)
  }
  static override now(): number {
    return now()
  }
}

if (service !== '') {
  Object.defineProperty(globalThis, 'Date', { value: SkewedDate, configurable: true, writable: true })
  setInterval(read, readEveryMs).unref()
}
