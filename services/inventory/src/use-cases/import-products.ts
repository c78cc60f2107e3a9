import type { ImportedProduct } from '@tradewind/contracts/jobs'
import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import type { Entry } from '../domain/file-item.ts'
import {
  changeProduct,
  createProduct,
  isUnchangedBy,
  type Product,
  type ProductInput,
  ProductNotFound,
  SkuTaken,
} from '../domain/product.ts'
import type { SeenKeys } from '../domain/seen-keys.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import { type BatchContext, faultsOfRefusal, type ImportBatch } from './import-batch.ts'
import { refusingTaken, upserted } from './save-product.ts'

type Line = Entry<ImportedProduct>
type Known = ReadonlyMap<string, Product>

interface Ports {
  readonly products: ProductRepository
  readonly newId: (prefix: string) => string
}

const isId = (handle: string) => handle.includes('_')
const skusOf = ({ value }: Line) => value.variants.map(({ sku }) => sku)

/** What a line says; what it leaves out stays as it is, or becomes what `POST /v1/products` makes of it. */
const inputFor = (line: ImportedProduct, before: Product | undefined): ProductInput => ({
  ...(isId(line.handle) ? before?.handle !== undefined && { handle: before.handle } : { handle: line.handle }),
  title: line.title,
  description: line.description ?? before?.description ?? '',
  category: line.category,
  status: line.status ?? before?.status ?? 'active',
  variants: line.variants.map((variant) => ({ ...variant, attributes: variant.attributes ?? {} })),
})

/**
 * Creates the products whose handle is new and changes the others, so that a line that is imported again changes nothing.
 * Lines of a batch are written together; those that meet in a SKU one after another.
 */
export const makeImportProducts = ({ products, newId }: Ports): ImportBatch<ImportedProduct> => {
  async function save({ value }: Line, known: Known, { hold }: BatchContext): Promise<void> {
    const before = known.get(value.handle)
    if (before === undefined) return create(value, hold)
    if (!isUnchangedBy(before, inputFor(value, before))) await change(before.id, value, hold)
  }

  async function create(line: ImportedProduct, hold: BatchContext['hold']): Promise<void> {
    if (isId(line.handle)) throw noSuchProduct(line.handle)
    const product = createProduct(newId('prd'), inputFor(line, undefined))
    hold.assertOwn()
    try {
      await products.insert(product, upserted(product, 1, newId))
    } catch (error) {
      // The worker before this one may have created it a moment ago.
      const id = DuplicateKey.is(error) ? (await products.findByHandles([line.handle])).get(line.handle)?.id : undefined
      if (id === undefined) return await refusingTaken(Promise.reject(error))
      await change(id, line, hold)
    }
  }

  async function change(id: string, line: ImportedProduct, hold: BatchContext['hold']): Promise<void> {
    await refusingTaken(
      products.upsert(id, (before) => {
        hold.assertOwn()
        if (before === undefined) throw noSuchProduct(line.handle)
        const input = inputFor(line, before)
        if (isUnchangedBy(before, input)) return unchanged()
        const after = changeProduct(before, input)
        return changed(after, upserted(after, before.version + 1, newId))
      }),
    )
  }

  /** Says which SKU it is that another product has. */
  async function explained(line: Line, known: Known, error: unknown): Promise<unknown> {
    if (!SkuTaken.is(error)) return error
    const owners = await products.ownersOf(skusOf(line))
    const own = known.get(line.value.handle)?.id
    return SkuTaken({}, { cause: error, errors: takenIn(line, (sku) => owners.get(sku) !== own && owners.has(sku)) })
  }

  async function saveOrRefuse(line: Line, known: Known, context: BatchContext): Promise<void> {
    try {
      await save(line, known, context)
    } catch (error) {
      await context.refuseForGood(line, faultsOfRefusal(line, await explained(line, known, error)))
    }
  }

  return async (lines, context) => {
    const known = await products.findByHandles(lines.map(({ value }) => value.handle))
    const waiting: Line[] = []
    if (meet(lines, known)) waiting.push(...lines)
    else {
      const refused = await Promise.all(
        lines.map(async (line) => {
          try {
            await save(line, known, context)
            return []
          } catch (error) {
            if (SkuTaken.is(error)) return [line]
            await context.refuseForGood(line, faultsOfRefusal(line, error))
            return []
          }
        }),
      )
      // Another line of the batch may have given up the SKU.
      waiting.push(...refused.flat())
    }
    for (const line of waiting) await saveOrRefuse(line, known, context)
  }
}

const noSuchProduct = (id: string) =>
  ProductNotFound({ id }, { errors: [{ pointer: '/handle', detail: 'There is no product with this id.' }] })

const takenIn = (line: Line, isTaken: (sku: string) => boolean) =>
  skusOf(line).flatMap((sku, index) =>
    isTaken(sku) ? [{ pointer: `/variants/${index}/sku`, detail: 'Another product has this SKU already.' }] : [],
  )

/** True when two lines concern one SKU or one product, so that their order matters. */
function meet(lines: readonly Line[], known: Known): boolean {
  const skus = lines.flatMap((line) => [...new Set(skusOf(line))])
  const ids = lines.flatMap(({ value }) => known.get(value.handle)?.id ?? [])
  return new Set(skus).size < skus.length || new Set(ids).size < ids.length
}

/** Judges lines against the catalogue as it is and against the lines before them, and writes nothing. */
export const makeJudgeProducts =
  ({ products }: Pick<Ports, 'products'>, seenSkus: SeenKeys): ImportBatch<ImportedProduct> =>
  async (lines, { refuse }) => {
    const known = await products.findByHandles(lines.map(({ value }) => value.handle))
    const owners = await products.ownersOf(lines.flatMap(skusOf))
    for (const line of lines) {
      try {
        judge(line, known, owners)
        const isSeen = new Map(skusOf(line).map((sku) => [sku, !seenSkus.add(sku)]))
        if ([...isSeen.values()].includes(true)) throw taken(line, (sku) => isSeen.get(sku) === true)
      } catch (error) {
        refuse(line, faultsOfRefusal(line, error))
      }
    }
  }

function judge(line: Line, known: Known, owners: ReadonlyMap<string, string>): void {
  const { handle } = line.value
  const before = known.get(handle)
  if (before === undefined && isId(handle)) throw noSuchProduct(handle)
  createProduct(before?.id ?? handle, inputFor(line.value, before))
  const isTaken = (sku: string) => owners.has(sku) && owners.get(sku) !== before?.id
  if (skusOf(line).some(isTaken)) throw taken(line, isTaken)
}

const taken = (line: Line, isTaken: (sku: string) => boolean) => SkuTaken({}, { errors: takenIn(line, isTaken) })
