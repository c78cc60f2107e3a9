import { ProductNotFound, wordsIn } from '../domain/product.ts'
import type {
  FacetCount,
  Facets,
  ProductFilter,
  ProductQuery,
  ProductRepository,
  StoredProduct,
} from '../store/product.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'

export interface ProductView {
  readonly product: StoredProduct
  /** Units that can be ordered now, by SKU. */
  readonly available: ReadonlyMap<string, number>
}

/** A query as people ask it: text instead of words. */
type Searched<Q extends ProductFilter> = Omit<Q, 'words'> & { readonly text: string | undefined }

export interface BrowseCatalogue {
  /** One more than asked for when there are more. */
  readonly search: (query: Searched<ProductQuery>) => Promise<ProductView[]>
  readonly facets: (filter: Searched<ProductFilter>) => Promise<Facets>
  readonly categories: () => Promise<FacetCount[]>
  /** Throws `ProductNotFound`, also for products that are not on sale. */
  readonly find: (id: string) => Promise<ProductView>
  /** Throws `ProductNotFound`. */
  readonly findAny: (id: string) => Promise<ProductView>
  readonly availability: (skus: readonly string[]) => Promise<ReadonlyMap<string, number>>
  readonly view: (product: StoredProduct) => Promise<ProductView>
}

interface Ports {
  readonly products: ProductRepository
  readonly stock: StockRepository
}

/** Words of one search that are looked at. */
const maxWords = 8

const searched = (text = '') => wordsIn(text).slice(0, maxWords)

export function makeBrowseCatalogue({ products, stock }: Ports): BrowseCatalogue {
  const availability = async (skus: readonly string[]) => {
    const total = new Map<string, number>()
    for (const { sku, available } of skus.length === 0 ? [] : await stock.findBySkus(skus)) {
      total.set(sku, (total.get(sku) ?? 0) + available)
    }
    return total
  }
  const skusOf = ({ variants }: StoredProduct) => variants.map(({ sku }) => sku)
  const view = async (product: StoredProduct) => ({ product, available: await availability(skusOf(product)) })
  return {
    search: async ({ text, ...query }) => {
      const found = await products.search({ ...query, words: searched(text) })
      const available = await availability(found.flatMap(skusOf))
      return found.map((product) => ({ product, available }))
    },
    facets: ({ text, ...filter }) => products.facets({ ...filter, words: searched(text) }),
    categories: () => products.categories(),
    find: async (id) => {
      const product = await products.find(id)
      if (product === undefined || product.status !== 'active') throw ProductNotFound({ id })
      return view(product)
    },
    findAny: async (id) => {
      const product = await products.find(id)
      if (product === undefined) throw ProductNotFound({ id })
      return view(product)
    },
    availability,
    view,
  }
}
