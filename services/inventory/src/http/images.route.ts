import { addImageRoute, getImageRoute, removeImageRoute } from '@tradewind/contracts/catalogue'
import { isKnown } from '@tradewind/service-kit/conditional'
import { defineError } from '@tradewind/service-kit/errors'
import { createProblem } from '@tradewind/service-kit/problem'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ByteRange, ImageRepository } from '../store/image.repository.ts'
import type { ProductImages } from '../use-cases/product-images.ts'
import { presentImage } from './present-product.ts'

const ImageNotFound = defineError('INVENTORY_IMAGE_NOT_FOUND', 'not-found', 'There is no such image.')

export const postImage = (images: ProductImages) =>
  implementRoute(addImageRoute, async ({ params, upload }) => {
    const image = presentImage(await images.add(params.id, upload.stream))
    return { status: 201, body: image, headers: { location: image.url } }
  })

export const deleteImage = (images: ProductImages) =>
  implementRoute(removeImageRoute, async ({ params }) => {
    await images.remove(params.id, params.imageId)
    return { status: 204, body: null }
  })

/** One range of bytes (RFC 9110, 14.1.2). Undefined where the whole is to be sent: no range, several, or not understood. */
export function rangeIn(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  return start >= bytes || (first === '' && Number(last) === 0) ? 'unsatisfiable' : { start, end }
}

/** An image never changes under its id, so whoever has it need never ask again. */
const forever = 'public, max-age=31536000, immutable'

export const getImage = (images: ImageRepository) =>
  implementRoute(getImageRoute, async ({ params: { id }, headers }) => {
    const image = await images.find(id)
    if (image === undefined) throw ImageNotFound({ id })
    const { mediaType, bytes } = image
    const etag = `"${id}"`
    const common = { etag, 'cache-control': forever, 'accept-ranges': 'bytes', 'content-type': mediaType }
    if (isKnown(headers['if-none-match'], etag)) return { status: 304, body: null, headers: common }
    const isSameAsBefore = headers['if-range'] === undefined || headers['if-range'] === etag
    const range = isSameAsBefore ? rangeIn(headers.range, bytes) : undefined
    if (range === 'unsatisfiable') {
      const body = createProblem({
        status: 416,
        code: 'RANGE_NOT_SATISFIABLE',
        detail: `The image has ${bytes} bytes.`,
      })
      const type = 'application/problem+json; charset=utf-8'
      return { status: 416, body, headers: { 'content-type': type, 'content-range': `bytes */${bytes}` } }
    }
    if (range === undefined) {
      return { status: 200, body: images.open(id, undefined), headers: { ...common, 'content-length': String(bytes) } }
    }
    const { start, end } = range
    const partial = { 'content-range': `bytes ${start}-${end - 1}/${bytes}`, 'content-length': String(end - start) }
    return { status: 206, body: images.open(id, range), headers: { ...common, ...partial } }
  })
