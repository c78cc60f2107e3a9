import fs from 'node:fs'
import path from 'node:path'
import { Doc } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { copyDatabase } from '../storage/backup.ts'
import { restoreDatabase } from '../storage/restore.ts'
import type { Command } from './command.ts'

function absolutePath(name: string, value: string): string {
  if (path.isAbsolute(value)) return value
  throw new CommandError('BadValue', `'${name}' must be an absolute path on the server's machine`)
}

/** `{ backup: '/path/file' }` on `admin`: copies the whole database into one file while the server goes on. */
export const backup: Command = {
  name: 'backup',
  adminOnly: true,
  fields: [],
  run: async ({ instance, fields }) => {
    const target = absolutePath('backup', fields.needString('backup'))
    if (fs.existsSync(target)) throw new CommandError('BadValue', `backup file ${target} exists already`)
    const pages = await copyDatabase(instance.file, target)
    return Doc.from({ file: target, pages, bytes: fs.statSync(target).size })
  },
}

/** `{ restore: '/path/file' }` on `admin`: replaces everything by a backup, in one transaction. */
export const restore: Command = {
  name: 'restore',
  adminOnly: true,
  writes: true,
  fields: [],
  run: ({ instance, fields }) => {
    const source = absolutePath('restore', fields.needString('restore'))
    if (!fs.existsSync(source)) throw new CommandError('BadValue', `backup file ${source} does not exist`)
    const collections = restoreDatabase(instance.file, instance.commit, instance.catalog, source)
    instance.cursors.killAll()
    return Doc.from({ collections })
  },
}
