import { Readable } from 'node:stream'
import { eventually } from '@tradewind/testkit/eventually'
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  nat,
  option,
  property,
  record,
  string,
  stringMatching,
} from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FileItem } from '../domain/file-item.ts'
import { createProduct, type Product } from '../domain/product.ts'
import { asWritten, neutralised } from './csv-cells.ts'
import { judgeProduct } from './judge-item.ts'
import { readFile } from './read-file.ts'
import { productsAsCsv, productsAsNdjson } from './write-file.ts'

const read = async (content: Readable, kind: 'products' | 'stock', format: 'csv' | 'ndjson') => {
  const items: FileItem[] = []
  for await (const item of readFile(content, { kind, format })) items.push(item)
  return items
}

describe('a cell', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', "'=1", "''=1", '＝1'])(
    '%j runs in no spreadsheet',
    (cell) => {
      expect(neutralised(cell)).toBe(`'${cell}`)
      expect(asWritten(neutralised(cell))).toBe(cell)
    },
  )

  test.each(['', 'Mug', "'90s mug", '1=1', 'a-b'])('%j stays as it is', (cell) => {
    expect([neutralised(cell), asWritten(cell)]).toEqual([cell, cell])
  })

  test('comes back as it went, whatever it is', () => {
    const cell = array(constantFrom("'", '=', '-', '@', '\t', '\n', 'a', ' ')).map((chars) => chars.join(''))
    assert(
      property(cell, (one) => {
        expect(asWritten(neutralised(one))).toBe(one)
      }),
    )
  })
})

describe('a product', () => {
  const anyText = string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  const awkward = array(constantFrom('"', ',', '\n', '\r', "'", '=', ' ', 'x', ';', '\uFEFF'), { minLength: 1 }).map(
    (chars) => chars.join(''),
  )
  const words = constantFrom(anyText, awkward).chain((one) => one)
  const variants = array(
    record({
      title: words,
      attributes: record({ colour: words, size: words }, { requiredKeys: [] }).map((given) => ({ ...given })),
      amountMinor: nat(),
      weightGrams: option(nat(1_000_000), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  const anyProduct = record({
    handle: stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/),
    title: words,
    description: constantFrom(words, constantFrom('')).chain((one) => one),
    status: constantFrom('draft', 'active', 'retired'),
    variants,
  }).map(
    ({ variants: given, ...rest }): Product =>
      createProduct('prd_1', {
        ...rest,
        category: 'mugs',
        variants: given.map(({ amountMinor, weightGrams, ...variant }, index) => ({
          ...variant,
          sku: `SKU-${index}`,
          price: { amountMinor, currency: 'EUR' },
          ...(weightGrams !== undefined && { weightGrams }),
        })),
      }),
  )

  test.each(['csv', 'ndjson'] as const)('comes back from %s as it went, in pieces of any size', async (format) => {
    await assert(
      asyncProperty(anyProduct, nat(50), async (product, size) => {
        const { head, text: textOf } = format === 'csv' ? productsAsCsv(['colour', 'size']) : productsAsNdjson
        const bytes = Buffer.from(head + textOf([product]))
        const pieces = Array.from({ length: Math.ceil(bytes.length / (size + 1)) }, (_, index) =>
          bytes.subarray(index * (size + 1), (index + 1) * (size + 1)),
        )
        const [item] = await read(Readable.from(pieces), 'products', format)
        if (item === undefined) throw new Error('nothing came back')
        const { entry, faults } = judgeProduct(item)
        expect(faults).toBeUndefined()
        const { id: _id, words: _words, priceMinor: _priceMinor, ...expected } = product
        expect(entry?.value).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  test('is shown as a formula to no spreadsheet', () => {
    const input = { title: '=1', description: '@x', category: 'c', status: 'active' as const }
    const variant = { sku: 'S', title: '+1', attributes: { colour: '-1' }, price: { amountMinor: 1, currency: 'EUR' } }
    const product = createProduct('prd_1', { ...input, variants: [variant] })
    expect(productsAsCsv(['colour']).text([product])).toBe("prd_1,'=1,'@x,c,active,S,'+1,1,EUR,,'-1\n")
  })
})

describe('a file', () => {
  /** Rows as they are asked for, with a count of those that were. */
  function endless(row: (n: number) => string, head: string) {
    const asked = { bytes: 0 }
    async function* chunks() {
      yield Buffer.from(head)
      for (let n = 0; ; n += 1000) {
        const chunk = Buffer.from(Array.from({ length: 1000 }, (_, index) => row(n + index)).join(''))
        asked.bytes += chunk.length
        yield chunk
      }
    }
    return { asked, content: Readable.from(chunks(), { objectMode: true, highWaterMark: 1 }) }
  }

  test.each([
    ['csv', 'stock', 'sku,locationId,counted\n', (n: number) => `SKU-${n},berlin,${n}\n`],
    ['ndjson', 'stock', '', (n: number) => `{"sku":"SKU-${n}","locationId":"berlin","counted":${n}}\n`],
    [
      'csv',
      'products',
      'handle,title,category,sku,variantTitle,priceMinor,currency\n',
      (n: number) => `mug-${n},Mug,mugs,SKU-${n},Mug,100,EUR\n`,
    ],
  ] as const)('of %s, %s, is read no further ahead than it is used', async (format, kind, head, row) => {
    const { asked, content } = endless(row, head)
    let ahead = 0
    for await (const { readBytes, lastRow } of readFile(content, { kind, format })) {
      ahead = Math.max(ahead, asked.bytes - readBytes)
      if (lastRow > 50_000) break
    }
    expect(asked.bytes).toBeGreaterThan(1_000_000)
    expect(ahead).toBeLessThan(400_000)
    await eventually(() => content.destroyed)
  })

  test('of more rows than are taken is refused at the first that is too many', async () => {
    const { content } = endless(() => '{}\n', '')
    const items = readFile(content, { kind: 'stock', format: 'ndjson' }, 5000)
    await expect(Array.fromAsync(items)).rejects.toMatchObject({
      code: 'INVENTORY_FILE_TOO_MANY_ROWS',
      row: 5001,
    })
  })

  test('that is refused for its header is let go of', async () => {
    const { content } = endless(() => 'a,b\n', 'what,is this\n')
    await expect(read(content, 'products', 'csv')).rejects.toMatchObject({ code: 'INVENTORY_FILE_BAD_HEADER' })
    await eventually(() => content.destroyed)
  })

  test('whose source fails says so', async () => {
    async function* failing() {
      yield Buffer.from('sku,locationId,counted\nA,b,1\n')
      throw new Error('the database is away')
    }
    await expect(read(Readable.from(failing()), 'stock', 'csv')).rejects.toThrow('the database is away')
  })
})
