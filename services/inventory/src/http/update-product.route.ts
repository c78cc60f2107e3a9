import { updateProductRoute } from '@tradewind/contracts/catalogue'
import { implementRoute } from '@tradewind/service-kit/route'
import type { BrowseCatalogue } from '../use-cases/browse-catalogue.ts'
import type { UpdateProduct } from '../use-cases/save-product.ts'
import { presentProduct, productEtag } from './present-product.ts'

/** Never a version, so that an If-Match that is not one of ours matches nothing. */
const noVersion = -1

function versionIn(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined
  const version = /^"(\d{1,15})(?:-[0-9a-f]+)?"$/.exec(ifMatch)?.[1]
  return version === undefined ? noVersion : Number(version)
}

export const updateProduct = (update: UpdateProduct, catalogue: BrowseCatalogue) =>
  implementRoute(updateProductRoute, async ({ params, body, headers }) => {
    const { variants, ...rest } = body
    const change = {
      ...rest,
      ...(variants !== undefined && {
        variants: variants.map((variant) => ({ ...variant, attributes: variant.attributes ?? {} })),
      }),
    }
    const product = await update(params.id, change, versionIn(headers['if-match']))
    const changed = presentProduct(await catalogue.view(product))
    return { status: 200, body: changed, headers: { etag: productEtag(changed) } }
  })
