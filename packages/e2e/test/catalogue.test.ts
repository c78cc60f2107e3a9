import { deflateSync } from 'node:zlib'
import { Image, Product } from '@tradewind/contracts/catalogue'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
let token: string
let productId: string
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
  token = await shop.signInOperator()
  productId = (await shop.newProduct({ units: 1 })).productId
}, 60_000)
afterAll(() => system.end())

/** A PNG of one grey pixel, followed by so many bytes that no reader minds. */
function png(surplusBytes = 0): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const framed = Buffer.alloc(8 + body.length)
    framed.writeUInt32BE(data.length, 0)
    body.copy(framed, 4)
    return framed
  }
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const parts = [
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.from([0, 128]))),
    chunk('IEND', Buffer.alloc(0)),
  ]
  return Buffer.concat([...parts, Buffer.alloc(surplusBytes, 7)])
}

async function upload(content: Buffer, name = 'a.png', type = 'image/png', bearer = token) {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(content)], { type }), name)
  const response = await fetch(`${system.gatewayUrl}/v1/products/${productId}/images`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${bearer}` },
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

const imagesOf = async () => shaped(Product, await shop.call(`/v1/products/${productId}`)).images

async function filesKept(): Promise<number> {
  const client = await MongoClient.connect(system.mongodbUrl)
  try {
    return await client.db(system.databaseOf('inventory')).collection('images.files').countDocuments()
  } finally {
    await client.close()
  }
}

describe('an image', () => {
  test('goes up through the gateway and comes back byte by byte, for ever cacheable', async () => {
    const content = png(500_000)
    const image = shaped(Image, await upload(content))
    expect(image).toMatchObject({ mediaType: 'image/png', bytes: content.length })
    expect(await imagesOf()).toContainEqual(image)
    const whole = await fetch(system.gatewayUrl + image.url)
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(content.length),
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    })
    expect(Buffer.from(await whole.arrayBuffer()).equals(content)).toBe(true)
    const again = await fetch(system.gatewayUrl + image.url, {
      headers: { 'if-none-match': whole.headers.get('etag') ?? '' },
    })
    expect(again.status).toBe(304)
  })

  test('is served in ranges', async () => {
    const content = png(300_000)
    const { url } = shaped(Image, await upload(content))
    const part = await fetch(system.gatewayUrl + url, { headers: { range: 'bytes=261000-270999' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 261000-270999/${content.length}`])
    expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(261_000, 271_000))).toBe(true)
    const beyond = await fetch(system.gatewayUrl + url, { headers: { range: `bytes=${content.length}-` } })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${content.length}`])
    const changed = await fetch(system.gatewayUrl + url, { headers: { range: 'bytes=0-9', 'if-range': '"other"' } })
    expect([changed.status, (await changed.arrayBuffer()).byteLength]).toEqual([200, content.length])
  })

  test.each([
    ['a page in the clothes of a picture', Buffer.from('<html><script>alert(1)</script></html>')],
    [
      'a drawing that could carry a script',
      Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'),
    ],
    ['nothing', Buffer.alloc(0)],
  ])('is refused when it is %s, and nothing is kept', async (_what, content) => {
    const before = await filesKept()
    expect(await upload(content)).toMatchObject({ status: 422, body: { code: 'INVENTORY_NOT_AN_IMAGE' } })
    expect(await filesKept()).toBe(before)
  })

  test('is refused when it is too large, and nothing is kept', async () => {
    const before = await filesKept()
    expect((await upload(png(10 * 1024 * 1024))).status).toBe(413)
    expect(await filesKept()).toBe(before)
  })

  test('is for operators to add', async () => {
    const { token: customer } = await shop.newCustomer()
    expect((await upload(png(), 'a.png', 'image/png', customer)).status).toBe(403)
  })

  test('is gone when it was removed', async () => {
    const { id, url } = shaped(Image, await upload(png()))
    const path = `/v1/products/${productId}/images/${id}`
    expect((await shop.call(path, { method: 'DELETE', token })).status).toBe(204)
    expect((await shop.call(path, { method: 'DELETE', token })).status).toBe(204)
    expect((await imagesOf()).map((image) => image.id)).not.toContain(id)
    expect((await fetch(system.gatewayUrl + url)).status).toBe(404)
  })
})
