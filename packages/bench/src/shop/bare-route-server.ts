import { generateKeyPairSync } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import { fastify } from 'fastify'

// A route with a response schema and a token check, and nothing else: what a catalogue read is held against. Reports its
// port and a token to the parent process.

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const pem = {
  private: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  public: publicKey.export({ type: 'spki', format: 'pem' }),
}
const text = { type: 'string' }
const price = { type: 'object', properties: { amountMinor: { type: 'integer' }, currency: text } }
const variant = { type: 'object', properties: { sku: text, title: text, price, available: { type: 'integer' } } }
const product = {
  type: 'object',
  properties: { id: text, title: text, category: text, variants: { type: 'array', items: variant } },
}

const variants = Array.from({ length: 4 }, (_, index) => ({
  sku: `BENCH-${index}`,
  title: `BENCH-${index}`,
  price: { amountMinor: 1999, currency: 'EUR' },
  available: 1000,
}))

const app = fastify()
await app.register(fastifyJwt, {
  secret: pem,
  sign: { algorithm: 'EdDSA' },
  verify: { algorithms: ['EdDSA'], cache: true },
})
app.get<{ Params: { id: string } }>(
  '/products/:id',
  {
    schema: { params: { type: 'object', properties: { id: text } }, response: { 200: product } },
    onRequest: (request) => request.jwtVerify(),
  },
  (request) => ({ id: request.params.id, title: 'Product', category: 'bench', variants }),
)
const address = await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.({ address, token: app.jwt.sign({ sub: 'bench' }) })
