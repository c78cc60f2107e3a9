import { getProductRoute, manageProductRoute } from '@tradewind/contracts/catalogue'
import { conditional } from '@tradewind/service-kit/conditional'
import { implementRoute } from '@tradewind/service-kit/route'
import type { BrowseCatalogue } from '../use-cases/browse-catalogue.ts'
import { cacheControl } from './catalogue-cache.ts'
import { presentProduct, productEtag } from './present-product.ts'

export const getProduct = (catalogue: BrowseCatalogue) =>
  implementRoute(getProductRoute, async ({ params, headers }) => {
    const body = presentProduct(await catalogue.find(params.id))
    return conditional(headers['if-none-match'], body, { cacheControl, etag: productEtag(body) })
  })

export const manageProduct = (catalogue: BrowseCatalogue) =>
  implementRoute(manageProductRoute, async ({ params }) => {
    const body = presentProduct(await catalogue.findAny(params.id))
    return { status: 200, body, headers: { etag: productEtag(body) } }
  })
