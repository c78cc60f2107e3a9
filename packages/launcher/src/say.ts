import { styleText } from 'node:util'

// `styleText` leaves the colours out off a terminal and under NO_COLOR.
export const dim = (text: string): string => styleText('dim', text)
export const bold = (text: string): string => styleText('bold', text)
export const green = (text: string): string => styleText('green', text)
export const yellow = (text: string): string => styleText('yellow', text)

export const say = (line = ''): void => {
  process.stdout.write(`${line}\n`)
}

/** A step that is done, with how long it took: `✓ orders      http://127.0.0.1:…   412 ms`. */
export const sayDone = (what: string, detail: string, elapsedMs: number): void =>
  say(`${green('✓')} ${what.padEnd(14)} ${detail}  ${dim(`${elapsedMs} ms`)}`)
