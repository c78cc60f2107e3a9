import type { PersonData } from '@tradewind/contracts/privacy'
import { changed, unchanged } from '@tradewind/database/decision'
import type { PersonService } from '../domain/erasure.ts'
import {
  claimed,
  ExportNotFound,
  ExportNotReady,
  expired,
  type PersonExport,
  partDone,
  ready,
  startExport,
} from '../domain/person-export.ts'
import type { PersonExportRepository } from '../store/person-export.repository.ts'

/** Asks a service what it knows of a person, from a place on. Throws while it is away. */
export type AskForPerson = (userId: string, after: string | undefined) => Promise<PersonData>

export interface ExportPerson {
  readonly request: (userId: string) => Promise<PersonExport>
  /** Another's is reported as missing. Throws `ExportNotFound`. */
  readonly read: (id: string, userId: string) => Promise<PersonExport>
  /** Throws `ExportNotFound` and `ExportNotReady`. */
  readonly open: (id: string, userId: string) => Promise<AsyncIterable<Buffer>>
  /** Collects what is wanted and removes what is old. Any replica may run it. */
  readonly sweep: () => Promise<number>
}

interface Ports {
  readonly personExports: PersonExportRepository
  readonly sources: Readonly<Record<PersonService, AskForPerson>>
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

const batch = 10
/** Pages of one person in one service. */
const mostPages = 10_000
const services: readonly PersonService[] = ['auth', 'orders', 'notifications']

export const makeExportPerson = ({ personExports, sources, now, newId }: Ports): ExportPerson => {
  async function* pagesOf(service: PersonService, userId: string): AsyncGenerator<string> {
    let after: string | undefined
    for (let page = 0; page < mostPages; page++) {
      const { items, next } = await sources[service](userId, after)
      yield items.map((item) => `${JSON.stringify({ service, ...item })}\n`).join('')
      if (next === null) return
      after = next
    }
    throw new Error(`${service} has no end of pages about a person`)
  }

  async function collect({ id, userId }: PersonExport): Promise<void> {
    let n = 0
    for (const service of services) {
      for await (const lines of pagesOf(service, userId)) await personExports.savePart(id, n++, lines)
      await personExports.update(id, (before) => changed(partDone(before, service, now())))
    }
    await personExports.update(id, (before) => changed(ready(before, now())))
  }

  async function read(id: string, userId: string): Promise<PersonExport> {
    const found = await personExports.find(id)
    if (found?.userId !== userId) throw ExportNotFound({ id })
    return found
  }

  async function claim(id: string): Promise<PersonExport | undefined> {
    let isMine = false
    const saved = await personExports.upsert(id, (before) => {
      if (before === undefined) return unchanged()
      const after = claimed(before, now())
      isMine = after !== before
      return isMine ? changed(after) : unchanged()
    })
    return isMine ? saved : undefined
  }

  return {
    request: (userId) => personExports.insert(startExport(newId('exp'), userId, now())),
    read,
    open: async (id, userId) => {
      const { status } = await read(id, userId)
      if (status !== 'ready') throw ExportNotReady({ id })
      return personExports.readParts(id)
    },
    sweep: async () => {
      const due = await personExports.dueBefore(now(), batch)
      for (const id of due) {
        const wanted = await claim(id)
        if (wanted === undefined) continue
        if (wanted.status === 'collecting') await collect(wanted)
        else {
          await personExports.removeParts(id)
          await personExports.update(id, (before) => changed(expired(before)))
        }
      }
      return due.length
    },
  }
}
