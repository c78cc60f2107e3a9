import { getProductRoute } from '@tradewind/contracts/inventory'
import { implementRoute } from '@tradewind/service-kit/route'
import type { BrowseCatalogue } from '../use-cases/browse-catalogue.ts'
import { presentProduct, productEtag } from './present-product.ts'

export const getProduct = (catalogue: BrowseCatalogue) =>
  implementRoute(getProductRoute, async ({ params }) => {
    const body = presentProduct(await catalogue.find(params.id))
    return { status: 200, body, headers: { etag: productEtag(body.version) } }
  })
