import { listProductsRoute } from '@tradewind/contracts/inventory'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { BrowseCatalogue, ProductView } from '../use-cases/browse-catalogue.ts'
import { presentProduct } from './present-product.ts'

const Place = Type.Tuple([Type.Union([Type.String(), Type.Number()]), Type.String()])

export const listProducts = (catalogue: BrowseCatalogue) =>
  implementRoute(listProductsRoute, async ({ query }) => {
    const { q, category, sort = 'newest', cursor } = query
    const limit = limitOf(query)
    const after = cursor === undefined ? undefined : decodeCursor(Place, cursor)
    const found = await catalogue.search({ text: q, category, sort, after, limit })
    const placeOf = ({ product }: ProductView) => [sort === 'title' ? product.title : product.priceMinor, product.id]
    const { items, nextCursor } = pageOf(found, limit, placeOf)
    return { status: 200, body: { items: items.map(presentProduct), nextCursor } }
  })
