import { defaultPageSize } from '@tradewind/contracts/common'
import { listProductsRoute } from '@tradewind/contracts/inventory'
import { decodeCursor, encodeCursor } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { BrowseCatalogue, ProductView } from '../use-cases/browse-catalogue.ts'
import { presentProduct } from './present-product.ts'

const Place = Type.Tuple([Type.Union([Type.String(), Type.Number()]), Type.String()])

export const listProducts = (catalogue: BrowseCatalogue) =>
  implementRoute(listProductsRoute, async ({ query }) => {
    const { q, category, sort = 'newest', cursor } = query
    const { items, hasMore } = await catalogue.search({
      text: q,
      category,
      sort,
      after: cursor === undefined ? undefined : decodeCursor(Place, cursor),
      limit: query.limit === undefined ? defaultPageSize : Number(query.limit),
    })
    const placeOf = ({ product }: ProductView): [string | number, string] => [
      sort === 'title' ? product.title : product.priceMinor,
      product.id,
    ]
    const last = items.at(-1)
    const nextCursor = hasMore && last !== undefined ? encodeCursor(placeOf(last)) : null
    return { status: 200, body: { items: items.map(presentProduct), nextCursor } }
  })
