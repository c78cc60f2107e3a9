import { randomUUID } from 'node:crypto'
import { Binary, Doc } from '../bson/values.ts'
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

function acknowledging(name: string): Command {
  return { name, fields: [], run: ({ fields }) => (fields.array(name), new Doc()) }
}

export const endSessions = acknowledging('endSessions')
export const refreshSessions = acknowledging('refreshSessions')
export const killSessions = acknowledging('killSessions')
