import { createProductRoute } from '@tradewind/contracts/catalogue'
import { implementRoute } from '@tradewind/service-kit/route'
import type { BrowseCatalogue } from '../use-cases/browse-catalogue.ts'
import type { CreateProduct } from '../use-cases/save-product.ts'
import { presentProduct, productEtag } from './present-product.ts'

export const createProduct = (create: CreateProduct, catalogue: BrowseCatalogue) =>
  implementRoute(createProductRoute, async ({ body }) => {
    const product = await create({
      ...(body.handle !== undefined && { handle: body.handle }),
      title: body.title,
      description: body.description ?? '',
      category: body.category,
      status: body.status ?? 'active',
      variants: body.variants.map((variant) => ({ ...variant, attributes: variant.attributes ?? {} })),
    })
    const created = presentProduct(await catalogue.view(product))
    const headers = { etag: productEtag(created), location: `/v1/products/${created.id}` }
    return { status: 201, body: created, headers }
  })
