import { updateProductRoute } from '@tradewind/contracts/catalogue'
import { expectedVersion } from '@tradewind/service-kit/conditional'
import { implementRoute } from '@tradewind/service-kit/route'
import type { BrowseCatalogue } from '../use-cases/browse-catalogue.ts'
import type { UpdateProduct } from '../use-cases/save-product.ts'
import { presentProduct, productEtag } from './present-product.ts'

export const updateProduct = (update: UpdateProduct, catalogue: BrowseCatalogue) =>
  implementRoute(updateProductRoute, async ({ params, body, headers }) => {
    const { variants, ...rest } = body
    const change = {
      ...rest,
      ...(variants !== undefined && {
        variants: variants.map((variant) => ({ ...variant, attributes: variant.attributes ?? {} })),
      }),
    }
    const product = await update(params.id, change, expectedVersion(headers['if-match']))
    const changed = presentProduct(await catalogue.view(product))
    return { status: 200, body: changed, headers: { etag: productEtag(changed) } }
  })
