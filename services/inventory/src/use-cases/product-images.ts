import type { Readable } from 'node:stream'
import { changed, unchanged } from '@tradewind/database/decision'
import { addImage, type Image, ProductNotFound, removeImage } from '../domain/product.ts'
import type { ImageRepository } from '../store/image.repository.ts'
import type { ProductRepository } from '../store/product.repository.ts'

export interface ProductImages {
  /** Throws `ProductNotFound`, `NotAnImage`, `TooManyImages`. */
  readonly add: (productId: string, content: Readable) => Promise<Image>
  /** Nothing happens when the product does not have the image. Throws `ProductNotFound`. */
  readonly remove: (productId: string, imageId: string) => Promise<void>
  /** Removes files that no product names: what a crash between two writes left behind. Returns how many it looked at. */
  readonly sweep: () => Promise<number>
}

/** Looks at the first bytes. Throws `NotAnImage`. */
export type RecogniseImage = (content: Readable) => Promise<{ mediaType: string; content: Readable }>

interface Ports {
  readonly products: ProductRepository
  readonly images: ImageRepository
  readonly recognise: RecogniseImage
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** A file this young may be on its way to its product. */
const orphanAfterMs = 3600 * 1000
const sweepBatch = 1000

export const makeProductImages = ({ products, images, recognise, now, newId }: Ports): ProductImages => ({
  add: async (productId, upload) => {
    if ((await products.find(productId)) === undefined) throw ProductNotFound({ id: productId })
    const { mediaType, content } = await recognise(upload)
    const id = newId('img')
    const image = { id, mediaType, bytes: await images.save(id, mediaType, content) }
    try {
      await products.update(productId, (before) => changed(addImage(before, image)))
    } catch (error) {
      await images.remove(id)
      throw error
    }
    return image
  },
  remove: async (productId, imageId) => {
    await products.upsert(productId, (before) => {
      if (before === undefined) throw ProductNotFound({ id: productId })
      const after = removeImage(before, imageId)
      return after === before ? unchanged() : changed(after)
    })
    if (!(await products.hasImage(imageId))) await images.remove(imageId)
  },
  sweep: async () => {
    const old = await images.uploadedBefore(new Date(now().getTime() - orphanAfterMs), sweepBatch)
    for (const id of old) if (!(await products.hasImage(id))) await images.remove(id)
    return old.length
  },
})
