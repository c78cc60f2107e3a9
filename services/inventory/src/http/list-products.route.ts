import { listProductsRoute, manageProductsRoute } from '@tradewind/contracts/catalogue'
import { ProductId } from '@tradewind/contracts/common'
import { conditional } from '@tradewind/service-kit/conditional'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { ProductSort, ProductStatus } from '../domain/product.ts'
import type { BrowseCatalogue, ProductView } from '../use-cases/browse-catalogue.ts'
import { cacheControl } from './catalogue-cache.ts'
import { type FilterQuery, filterOf } from './catalogue-filter.ts'
import { presentProduct } from './present-product.ts'

const PlaceByTitle = Type.Tuple([Type.Literal('title'), Type.String(), ProductId])
const PlaceByNumber = (sort: ProductSort) => Type.Tuple([Type.Literal(sort), Type.Number(), ProductId])

/** A cursor is good for the order it was given in only: a place among titles is nowhere among prices. */
function placeIn(sort: ProductSort, cursor: string): readonly [string | number, string] {
  const [, value, id] = decodeCursor(sort === 'title' ? PlaceByTitle : PlaceByNumber(sort), cursor)
  return [value, id]
}

interface ListQuery extends FilterQuery {
  readonly limit?: string
  readonly cursor?: string
  readonly sort?: ProductSort
}

async function page(catalogue: BrowseCatalogue, query: ListQuery, status: ProductStatus | undefined) {
  const { sort = 'newest', cursor } = query
  const limit = limitOf(query)
  const after = cursor === undefined ? undefined : placeIn(sort, cursor)
  const found = await catalogue.search({ ...filterOf(query), status, sort, after, limit })
  const placeOf = ({ product: { id, title, priceMinor } }: ProductView) => [
    sort,
    sort === 'title' ? title : priceMinor,
    id,
  ]
  const { items, nextCursor } = pageOf(found, limit, placeOf)
  return { items: items.map(presentProduct), nextCursor }
}

export const listProducts = (catalogue: BrowseCatalogue) =>
  implementRoute(listProductsRoute, async ({ query, headers }) =>
    conditional(headers['if-none-match'], await page(catalogue, query, 'active'), { cacheControl }),
  )

export const manageProducts = (catalogue: BrowseCatalogue) =>
  implementRoute(manageProductsRoute, async ({ query }) => ({
    status: 200,
    body: await page(catalogue, query, query.status),
  }))
