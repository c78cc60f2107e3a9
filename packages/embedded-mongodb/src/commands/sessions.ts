import { randomUUID } from 'node:crypto'
import { Binary, Doc } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Command } from './command.ts'

/** Sessions carry nothing on a standalone server without transactions; they are named and forgotten. */
export const startSession: Command = {
  name: 'startSession',
  fields: [],
  run: () =>
    Doc.from({
      id: Doc.of('id', new Binary(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'), 4)),
      timeoutMinutes: 30,
    }),
}

/** There are no transactions to end. */
function endingTransaction(name: string): Command {
  return {
    name,
    adminOnly: true,
    fields: ['recoveryToken'],
    run: () => {
      throw new CommandError('CommandFailed', `${name} must be run within a transaction`)
    },
  }
}

export const commitTransaction = endingTransaction('commitTransaction')
export const abortTransaction = endingTransaction('abortTransaction')

function acknowledging(name: string): Command {
  return { name, fields: [], run: ({ fields }) => (fields.array(name), new Doc()) }
}

export const endSessions = acknowledging('endSessions')
export const refreshSessions = acknowledging('refreshSessions')
export const killSessions = acknowledging('killSessions')
export const killAllSessions = acknowledging('killAllSessions')
export const killAllSessionsByPattern = acknowledging('killAllSessionsByPattern')
