import { Type } from 'typebox'
import {
  AmountMinor,
  Binary,
  Currency,
  conditionalHeaders,
  Id,
  Line,
  Money,
  NotModified,
  Page,
  Problem,
  ProductId,
  pageQuery,
  Sku,
  Strict,
  Timestamp,
} from './common.ts'
import { defineEvent } from './event.ts'
import { defineRoute } from './route.ts'

const Title = Type.String({ minLength: 1, maxLength: 200 })
const Description = Type.String({ maxLength: 5000 })
const Category = Line(64)
export const ProductStatus = Type.Enum(['draft', 'active', 'retired'])
export type ProductStatus = Type.Static<typeof ProductStatus>

/** A product's own name in kebab-case, chosen by the operator, by which imports find it. */
export const Handle = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$', maxLength: 64 })

/** Free attributes of a variant, `{ "colour": "red" }`. */
const Attributes = Type.Record(
  Type.String({ pattern: '^[A-Za-z][A-Za-z0-9 _-]{0,31}$' }),
  Type.String({ minLength: 1, maxLength: 200 }),
  { maxProperties: 20, additionalProperties: false },
)

const VariantInput = Strict({
  sku: Sku,
  title: Title,
  attributes: Type.Optional(Attributes),
  price: Strict({ amountMinor: AmountMinor, currency: Currency }),
  weightGrams: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
})

export const Variant = Type.Object({
  sku: Sku,
  title: Type.String(),
  attributes: Type.Record(Type.String(), Type.String()),
  price: Money,
  weightGrams: Type.Optional(Type.Integer()),
  available: Type.Integer({ description: 'units that can be ordered now, over all locations' }),
})

export const ImageId = Id('img')

export const Image = Type.Object({
  id: ImageId,
  url: Type.String({ description: 'path of the image at this API, `/v1/images/…`' }),
  mediaType: Type.String(),
  bytes: Type.Integer(),
})
export type Image = Type.Static<typeof Image>

export const Product = Type.Object({
  id: ProductId,
  handle: Type.Optional(Type.String()),
  title: Type.String(),
  description: Type.String(),
  category: Type.String(),
  status: ProductStatus,
  variants: Type.Array(Variant),
  images: Type.Array(Image),
  version: Type.Integer(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Product = Type.Static<typeof Product>

const VariantInputs = Type.Array(VariantInput, { minItems: 1, maxItems: 100 })
const productParams = Strict({ id: ProductId })

export const createProductRoute = defineRoute('inventory', 'POST', '/v1/products', 'catalogue:write', {
  summary: 'Creates a product with its variants',
  audited: ['handle', 'status'],
  body: Strict({
    handle: Type.Optional(Handle),
    title: Title,
    description: Type.Optional(Description),
    category: Category,
    status: Type.Optional(Type.Enum(['draft', 'active'])),
    variants: VariantInputs,
  }),
  response: { 201: Product },
})

export const updateProductRoute = defineRoute('inventory', 'PATCH', '/v1/products/:id', 'catalogue:write', {
  summary: 'Changes a product; If-Match with its ETag refuses to overwrite somebody else’s change (412)',
  params: productParams,
  headers: Type.Object({ 'if-match': Type.Optional(Type.String({ maxLength: 128 })) }),
  body: Type.Object(
    {
      handle: Type.Optional(Handle),
      title: Type.Optional(Title),
      description: Type.Optional(Description),
      category: Type.Optional(Category),
      status: Type.Optional(ProductStatus),
      variants: Type.Optional(VariantInputs),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
  response: { 200: Product },
})

export const getProductRoute = defineRoute('inventory', 'GET', '/v1/products/:id', 'public', {
  summary: 'One product that is on sale',
  params: productParams,
  shared: true,
  headers: conditionalHeaders,
  response: { 200: Product, 304: NotModified },
})

const attributePattern = '^[A-Za-z][A-Za-z0-9 _-]{0,31}:.{1,200}$'
const attribute = Type.String({ pattern: attributePattern, maxLength: 240, description: '`colour:red`' })
const priceMinor = Type.String({ pattern: '^(0|[1-9][0-9]{0,12})$', description: 'in minor units' })

/** What narrows the catalogue. Several attributes must hold for one and the same variant. */
const filters = {
  q: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  category: Type.Optional(Category),
  attribute: Type.Optional(Type.Union([attribute, Type.Array(attribute, { minItems: 1, maxItems: 10 })])),
  minPrice: Type.Optional(priceMinor),
  maxPrice: Type.Optional(priceMinor),
}
const sort = Type.Optional(Type.Enum(['newest', 'title', 'price', '-price']))

export const listProductsRoute = defineRoute('inventory', 'GET', '/v1/products', 'public', {
  summary: 'The catalogue: by words, category, attributes and price, page by page',
  querystring: Strict({ ...pageQuery, ...filters, sort }),
  shared: true,
  headers: conditionalHeaders,
  response: { 200: Page(Product), 304: NotModified },
})

export const manageProductsRoute = defineRoute('inventory', 'GET', '/v1/catalogue/products', 'catalogue:read', {
  summary: 'All products, drafts and retired ones too',
  querystring: Strict({ ...pageQuery, ...filters, sort, status: Type.Optional(ProductStatus) }),
  response: { 200: Page(Product) },
})

export const manageProductRoute = defineRoute('inventory', 'GET', '/v1/catalogue/products/:id', 'catalogue:read', {
  summary: 'One product, whatever its status',
  params: productParams,
  response: { 200: Product },
})

const Count = Type.Object({ value: Type.String(), count: Type.Integer() })

export const facetsRoute = defineRoute('inventory', 'GET', '/v1/facets', 'public', {
  summary: 'What the products that match can be narrowed by, each with its count',
  querystring: Strict(filters),
  shared: true,
  headers: conditionalHeaders,
  response: {
    200: Type.Object({
      total: Type.Integer(),
      categories: Type.Array(Count),
      attributes: Type.Array(Type.Object({ name: Type.String(), values: Type.Array(Count) })),
      price: Type.Union([Type.Object({ minMinor: Type.Integer(), maxMinor: Type.Integer() }), Type.Null()]),
    }),
    304: NotModified,
  },
})

export const listCategoriesRoute = defineRoute('inventory', 'GET', '/v1/categories', 'public', {
  summary: 'Categories with products on sale',
  shared: true,
  headers: conditionalHeaders,
  response: {
    200: Type.Object({ items: Type.Array(Type.Object({ id: Type.String(), products: Type.Integer() })) }),
    304: NotModified,
  },
})

/** Largest image, in bytes. */
export const maxImageBytes = 10 * 1024 * 1024

export const addImageRoute = defineRoute('inventory', 'POST', '/v1/products/:id/images', 'catalogue:write', {
  summary: 'Adds an image: PNG, JPEG, WebP, GIF or AVIF by its bytes, not by its name',
  params: productParams,
  upload: { mediaTypes: ['multipart/form-data'], maxBytes: maxImageBytes },
  response: { 201: Image },
})

export const removeImageRoute = defineRoute(
  'inventory',
  'DELETE',
  '/v1/products/:id/images/:imageId',
  'catalogue:write',
  {
    summary: 'Removes an image',
    params: Strict({ id: ProductId, imageId: ImageId }),
    response: { 204: Type.Null() },
  },
)

export const getImageRoute = defineRoute('inventory', 'GET', '/v1/images/:id', 'public', {
  summary: 'An image, or the range of it that is asked for',
  params: Strict({ id: ImageId }),
  headers: Type.Object({
    range: Type.Optional(Type.String({ maxLength: 100 })),
    'if-range': Type.Optional(Type.String({ maxLength: 100 })),
    ...conditionalHeaders.properties,
  }),
  response: { 200: Binary, 206: Binary, 304: NotModified, 416: Problem },
})

export const catalogueRoutes = [
  createProductRoute,
  updateProductRoute,
  getProductRoute,
  listProductsRoute,
  manageProductsRoute,
  manageProductRoute,
  facetsRoute,
  listCategoriesRoute,
  addImageRoute,
  removeImageRoute,
  getImageRoute,
]

/** The whole product, each time it changes. A consumer keeps it when its version is the highest it has seen. */
export const ProductUpsertedV1 = defineEvent(
  'inventory.product.upserted.v1',
  Type.Object({
    productId: ProductId,
    version: Type.Integer({ minimum: 1 }),
    title: Type.String(),
    category: Type.String(),
    status: ProductStatus,
    variants: Type.Array(
      Type.Object({ sku: Sku, title: Type.String(), price: Money, weightGrams: Type.Optional(Type.Integer()) }),
    ),
  }),
)
