import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { createProduct } from './http/create-product.route.ts'
import { getFacets, listCategories } from './http/facets.route.ts'
import { getProduct, manageProduct } from './http/get-product.route.ts'
import { deleteImage, getImage, postImage } from './http/images.route.ts'
import { listProducts, manageProducts } from './http/list-products.route.ts'
import { recogniseImage } from './http/recognise-image.ts'
import { updateProduct } from './http/update-product.route.ts'
import type { ImageRepository } from './store/image.repository.ts'
import type { ProductRepository } from './store/product.repository.ts'
import type { StockRepository } from './store/stock.repository.ts'
import { makeBrowseCatalogue } from './use-cases/browse-catalogue.ts'
import { makeProductImages } from './use-cases/product-images.ts'
import { makeCreateProduct, makeUpdateProduct } from './use-cases/save-product.ts'

export interface CataloguePorts {
  readonly products: ProductRepository
  readonly images: ImageRepository
  readonly stock: StockRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Wires the catalogue; no I/O happens here. */
export function createCatalogue(ports: CataloguePorts) {
  const browse = makeBrowseCatalogue(ports)
  const images = makeProductImages({ ...ports, recognise: recogniseImage })
  const routes: ImplementedRoute[] = [
    listProducts(browse),
    getProduct(browse),
    manageProducts(browse),
    manageProduct(browse),
    createProduct(makeCreateProduct(ports), browse),
    updateProduct(makeUpdateProduct(ports), browse),
    getFacets(browse),
    listCategories(browse),
    postImage(images),
    deleteImage(images),
    getImage(ports.images),
  ]
  return { routes, browse, sweepImages: images.sweep }
}
