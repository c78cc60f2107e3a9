import { MongoBulkWriteError } from 'mongodb'

const duplicateKeyCode = 11_000

/**
 * True when a bulk write was refused for documents that exist already and for nothing else, so that all of them are there now.
 * The driver wraps an error of the connection as a failed bulk write without refusals: then nothing is known.
 */
export function isOnlyDuplicates(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError)) return false
  const refusals = [error.writeErrors].flat()
  return refusals.length > 0 && refusals.every(({ code }) => code === duplicateKeyCode)
}
