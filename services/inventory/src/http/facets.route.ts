import { facetsRoute, listCategoriesRoute } from '@tradewind/contracts/catalogue'
import { conditional } from '@tradewind/service-kit/conditional'
import { implementRoute } from '@tradewind/service-kit/route'
import type { BrowseCatalogue } from '../use-cases/browse-catalogue.ts'
import { cacheControl } from './catalogue-cache.ts'
import { filterOf } from './catalogue-filter.ts'

export const getFacets = (catalogue: BrowseCatalogue) =>
  implementRoute(facetsRoute, async ({ query, headers }) => {
    const { total, categories, attributes, price } = await catalogue.facets({ ...filterOf(query), status: 'active' })
    return conditional(
      headers['if-none-match'],
      {
        total,
        categories: [...categories],
        attributes: attributes.map(({ name, values }) => ({ name, values: [...values] })),
        price: price ?? null,
      },
      { cacheControl },
    )
  })

export const listCategories = (catalogue: BrowseCatalogue) =>
  implementRoute(listCategoriesRoute, async ({ headers }) => {
    const found = await catalogue.categories()
    return conditional(
      headers['if-none-match'],
      {
        items: found.map(({ value, count }) => ({ id: value, products: count })),
      },
      { cacheControl },
    )
  })
