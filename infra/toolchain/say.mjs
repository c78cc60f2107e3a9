/** An expected reason to stop, told to the reader as it is, without a stack. */
export class Refusal extends Error {}

/** @param {string} line */
export const say = (line) => process.stdout.write(`${dim('set-up')}  ${line}\n`)

/** Grey on a terminal, plain anywhere else (https://no-color.org). @param {string} text */
export const dim = (text) => (process.stdout.isTTY && !process.env['NO_COLOR'] ? `\u001b[2m${text}\u001b[22m` : text)

/** @param {number} startedAt in the time of `performance.now()` */
export const seconds = (startedAt) => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
