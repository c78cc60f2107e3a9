import { Readable } from 'node:stream'
import { defineError } from '@tradewind/service-kit/errors'
import { fileTypeFromBuffer } from 'file-type'

export const NotAnImage = defineError(
  'INVENTORY_NOT_AN_IMAGE',
  'unprocessable',
  'The file is none of PNG, JPEG, WebP, GIF and AVIF.',
)

/** What browsers show and what cannot carry a script. */
const accepted = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif'])

/** Enough for every signature. */
const sampleBytes = 4100

/** Says what an image is by its first bytes, whatever its name and its client claim, and gives the whole stream on. Throws `NotAnImage`. */
export async function recogniseImage(upload: Readable): Promise<{ mediaType: string; content: Readable }> {
  const chunks: Buffer[] = []
  let bytes = 0
  const iterator: AsyncIterator<Buffer> = upload[Symbol.asyncIterator]()
  while (bytes < sampleBytes) {
    const { done, value } = await iterator.next()
    if (done === true) break
    chunks.push(value)
    bytes += value.length
  }
  const mediaType = (await fileTypeFromBuffer(Buffer.concat(chunks)))?.mime
  if (mediaType === undefined || !accepted.has(mediaType)) {
    upload.destroy()
    throw NotAnImage({ mediaType })
  }
  async function* whole() {
    yield* chunks
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { mediaType, content: Readable.from(whole(), { objectMode: false }) }
}
