import { describe, expect, test } from 'vitest'
import { changeProduct, createProduct, DuplicateSku, type ProductInput, wordsIn } from './product.ts'

const variant = (sku: string, amountMinor: number) => ({
  sku,
  title: `Size ${sku}`,
  attributes: { colour: 'Crème' },
  price: { amountMinor, currency: 'EUR' },
})
const input: ProductInput = {
  title: 'Café cup',
  description: 'For espresso.',
  category: 'kitchen',
  status: 'active',
  variants: [variant('CUP-L', 1900), variant('CUP-S', 900)],
}

describe('a product', () => {
  test('is found by any of its words, without accents or capitals', () => {
    const { words } = createProduct('prd_1', input)
    expect(words).toEqual(expect.arrayContaining(['cafe', 'cup', 'kitchen', 'creme', 'espresso', 'l']))
    expect(words).toEqual([...new Set(words)])
    expect(wordsIn('  CAFÉ—Crème, 12! ')).toEqual(['cafe', 'creme', '12'])
  })

  test('is sorted by its lowest price', () => expect(createProduct('prd_1', input).priceMinor).toBe(900))

  test('refuses a SKU that stands twice and says where', () => {
    const twice = { ...input, variants: [variant('CUP-L', 1), variant('CUP-S', 2), variant('CUP-L', 3)] }
    expect(() => createProduct('prd_1', twice)).toThrow(
      expect.objectContaining({
        code: DuplicateSku.code,
        errors: [{ pointer: '/variants/2/sku', detail: 'stands twice' }],
      }),
    )
  })

  test('keeps what a change does not name, and finds new words by it', () => {
    const changed = changeProduct(createProduct('prd_1', input), { title: 'Tumbler', variants: [variant('T', 5)] })
    expect(changed).toMatchObject({ id: 'prd_1', title: 'Tumbler', category: 'kitchen', priceMinor: 5 })
    expect(changed.words).toContain('tumbler')
    expect(changed.words).not.toContain('cafe')
  })

  test('has a bounded number of words', () => {
    const description = Array.from({ length: 1000 }, (_, index) => `word${index}`).join(' ')
    expect(createProduct('prd_1', { ...input, description }).words.length).toBeLessThanOrEqual(400)
  })
})
