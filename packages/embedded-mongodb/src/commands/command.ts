import type { Doc } from '../bson/values.ts'
import type { Instance } from '../instance.ts'
import type { Connection } from '../wire/connection.ts'
import type { Fields } from './fields.ts'

/** What a command is given. */
export interface Invocation {
  instance: Instance
  db: string
  /** The command's own name, as sent. */
  name: string
  fields: Fields
  body: Doc
  sequences: ReadonlyMap<string, Buffer[]>
  connection: Connection
  /** When the command has to give up, in milliseconds since the epoch. */
  deadlineMs: number | undefined
}

export interface Command {
  name: string
  aliases?: readonly string[]
  /** Its reply waits until everything written so far is on disk. */
  writes?: boolean | ((body: Doc) => boolean)
  adminOnly?: boolean
  /** The fields it takes beside those that every command takes; undefined when it looks at all of them itself. */
  fields: readonly string[] | undefined
  run(invocation: Invocation): Doc | Promise<Doc>
}
