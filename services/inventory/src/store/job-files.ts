import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Db, GridFSBucket, type ObjectId } from 'mongodb'

interface Registered {
  readonly _id: string
  /** Under which GridFS has it. */
  readonly contentId: ObjectId
  readonly jobId: string
  readonly at: Date
}

export interface SavedFile {
  readonly bytes: number
  /** SHA-256, hexadecimal. */
  readonly hash: string
}

/** What was uploaded for imports and what exports made, in GridFS. */
export interface JobFiles {
  /** Streams a file in. Leaves nothing behind when the stream fails. */
  readonly save: (id: string, jobId: string, content: Readable | AsyncIterable<Uint8Array>) => Promise<SavedFile>
  readonly open: (id: string) => Readable
  /** Nothing happens when there is no such file. Takes away half a file, too. */
  readonly remove: (id: string) => Promise<void>
  /** Files and halves of files begun before, with their jobs. */
  readonly begunBefore: (before: Date, limit: number) => Promise<{ id: string; jobId: string }[]>
  /** Lets a file be looked at again only after as long a time as a new one. */
  readonly touch: (ids: readonly string[]) => Promise<void>
}

export function createJobFiles(db: Db, now: () => Date): JobFiles {
  const files = db.collection<Registered>('job_files')
  const bucket = new GridFSBucket(db, { bucketName: 'job_contents' })
  const contents = db.collection('job_contents.files')
  const chunks = db.collection('job_contents.chunks')

  const remove = async (id: string) => {
    const registered = await files.findOne({ _id: id })
    if (registered === null) return
    await contents.deleteOne({ _id: registered.contentId })
    await chunks.deleteMany({ files_id: registered.contentId })
    await files.deleteOne({ _id: id })
  }

  return {
    save: async (id, jobId, content) => {
      const upload = bucket.openUploadStream(id)
      // Known before its first byte, so that half a file that a crash leaves is found and removed.
      await files.insertOne({ _id: id, contentId: upload.id, jobId, at: now() })
      const hash = createHash('sha256')
      const hashing = async function* (source: AsyncIterable<Uint8Array>) {
        for await (const chunk of source) {
          hash.update(chunk)
          yield chunk
        }
      }
      await pipeline(content, hashing, upload).catch(async (error: unknown) => {
        await remove(id)
        throw error
      })
      return { bytes: upload.length, hash: hash.digest('hex') }
    },
    open: (id) => bucket.openDownloadStreamByName(id),
    remove,
    begunBefore: async (before, limit) => {
      const found = await files
        .find({ at: { $lt: before } })
        .sort({ at: 1 })
        .limit(limit)
        .toArray()
      return found.map(({ _id, jobId }) => ({ id: _id, jobId }))
    },
    touch: async (ids) => {
      await files.updateMany({ _id: { $in: [...ids] } }, { $set: { at: now() } })
    },
  }
}
