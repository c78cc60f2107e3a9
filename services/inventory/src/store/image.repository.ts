import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Db, GridFSBucket } from 'mongodb'
import type { Image } from '../domain/product.ts'

/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** The bytes of images, in GridFS, by image id. An image never changes. */
export interface ImageRepository {
  /** Streams an image in. Leaves nothing behind when the stream fails. Returns its size. */
  readonly save: (id: string, mediaType: string, content: Readable) => Promise<number>
  readonly find: (id: string) => Promise<Image | undefined>
  readonly open: (id: string, range: ByteRange | undefined) => Readable
  /** Nothing happens when there is no such image. */
  readonly remove: (id: string) => Promise<void>
  /** Ids of images uploaded before, oldest first. */
  readonly uploadedBefore: (before: Date, limit: number) => Promise<string[]>
}

export function createImageRepository(db: Db): ImageRepository {
  const bucket = new GridFSBucket(db, { bucketName: 'images' })
  const filesOf = (id: string) => bucket.find({ filename: id }).toArray()
  return {
    save: async (id, mediaType, content) => {
      const upload = bucket.openUploadStream(id, { metadata: { mediaType } })
      await pipeline(content, upload).catch(async (error: unknown) => {
        await upload.abort().catch(() => undefined)
        throw error
      })
      return upload.length
    },
    find: async (id) => {
      const [file] = await filesOf(id)
      const mediaType: unknown = file?.metadata?.['mediaType']
      return file === undefined || typeof mediaType !== 'string' ? undefined : { id, mediaType, bytes: file.length }
    },
    open: (id, range) => bucket.openDownloadStreamByName(id, range),
    remove: async (id) => {
      for (const { _id } of await filesOf(id)) await bucket.delete(_id)
    },
    uploadedBefore: async (before, limit) => {
      const files = await bucket.find({ uploadDate: { $lt: before } }, { sort: { uploadDate: 1 }, limit }).toArray()
      return files.map(({ filename }) => filename)
    },
  }
}
