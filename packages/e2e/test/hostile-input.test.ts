import { createHash } from 'node:crypto'
import { Problem } from '@tradewind/contracts/common'
import { listNotificationsRoute } from '@tradewind/contracts/notifications'
import { permissionsOf } from '@tradewind/contracts/permissions'
import { type Access, permissionFor, type RouteContract } from '@tradewind/contracts/route'
import { allRoutes } from '@tradewind/contracts/routes'
import { eventually } from '@tradewind/testkit/eventually'
import { BSON, MongoClient } from 'mongodb'
import { Check } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { type Answer, type Call, createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
let token: string
let customerToken: string
let written: string
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
  token = await shop.signInOperator()
  customerToken = (await shop.newCustomer()).token
  // The mail that greets the customer is written a moment after.
  await eventually(async () => {
    const { items } = shaped(
      listNotificationsRoute.schema.response[200],
      await shop.call('/v1/notifications?status=sent', { token }),
    )
    return items.some(({ template }) => template === 'verify-email')
  })
  written = await everythingWritten()
}, 60_000)
afterAll(() => system.end())

/** What a relay notes a moment after an event went out, and what an entry of the audit log gets a moment after it was made. */
const lazilyWritten = { seal: 0, unsealedAt: 0, 'outbox.published': 0, 'outbox.pendingAt': 0 }

/** A fingerprint of every document of every database. */
async function everythingWritten(): Promise<string> {
  const client = await MongoClient.connect(system.mongodbUrl)
  try {
    const hash = createHash('sha256')
    const { databases } = await client.db('admin').admin().listDatabases()
    const own = databases.map(({ name }) => name).filter((name) => name.startsWith(system.databaseOf('')))
    for (const name of own.toSorted()) {
      const collections = await client.db(name).collections()
      for (const collection of collections.toSorted((a, b) => (a.collectionName < b.collectionName ? -1 : 1))) {
        // A relay notes now and then what it published last.
        if (collection.collectionName === 'publications') continue
        for await (const document of collection.find({}, { projection: lazilyWritten }).sort({ _id: 1 }))
          hash.update(BSON.serialize(document))
      }
    }
    return hash.digest('hex')
  } finally {
    await client.close()
  }
}

/** The path with ids that have the right form and belong to nothing. */
const pathOf = ({ path }: RouteContract) =>
  path
    .replace(/\/orders\/:id|(reservations|sagas)\/:orderId/, (part) => part.replace(/:\w+/, `ord_${'0'.repeat(32)}`))
    .replace(':fulfilmentId', `ful_${'0'.repeat(32)}`)
    .replace(':returnId', `ret_${'0'.repeat(32)}`)
    .replace('/products/:id', `/products/prd_${'0'.repeat(32)}`)
    .replace('/dead-letters/:id', '/dead-letters/dlq_999999')
    .replace('/jobs/:id', `/jobs/job_${'0'.repeat(32)}`)
    .replace('/payments/:id', `/payments/pay_${'0'.repeat(32)}`)
    .replace('/notifications/:id', `/notifications/ntf_${'0'.repeat(32)}`)
    .replace('/webhooks/:id', `/webhooks/whe_${'0'.repeat(32)}`)
    .replace('/deliveries/:deliveryId', `/deliveries/whd_${'0'.repeat(32)}`)
    .replace('/discount-codes/:code', '/discount-codes/NONE')
    .replace('/templates/:template/:locale', '/templates/order-confirmed/en')
    .replace('/versions/:version', '/versions/0')
    .replace('/sessions/:id', `/sessions/ses_${'0'.repeat(32)}`)
    .replace('/erasures/:id', `/erasures/era_${'A'.repeat(43)}`)
    .replace('/exports/:id', `/exports/exp_${'0'.repeat(32)}`)
    .replace('/users/:id', `/users/usr_${'0'.repeat(32)}`)
    .replace('/api-keys/:id', `/api-keys/apk_${'0'.repeat(32)}`)
    .replace('/passkeys/:id', `/passkeys/psk_${'0'.repeat(32)}`)
    .replace('/oidc/:provider', '/oidc/other')
    .replace('/identities/:provider', '/identities/other')
    .replace('/clients/:id', `/clients/cli_${'0'.repeat(32)}`)

const send = (route: RouteContract, call: Call, path = pathOf(route)): Promise<Answer> =>
  shop.call(path, {
    method: route.method,
    ...(route.access !== 'public' && { token }),
    ...call,
    headers: {
      ...(route.schema.headers?.properties['idempotency-key'] && { 'idempotency-key': 'hostile' }),
      ...call.headers,
    },
  })

const named = (route: RouteContract): [string, RouteContract] => [`${route.method} ${route.path}`, route]
const withForm = allRoutes.filter(({ schema }) => schema.form === true).map(named)
const withBody = allRoutes.filter(({ schema }) => schema.body !== undefined && schema.form !== true).map(named)
const withoutBody = allRoutes.filter(({ schema }) => schema.body === undefined).map(named)
const withParams = allRoutes.filter(({ schema }) => schema.params !== undefined).map(named)
const withKey = allRoutes.filter(({ schema }) => schema.headers?.required?.includes('idempotency-key')).map(named)
const protectedRoutes = allRoutes.filter(({ access }) => access !== 'public').map(named)

const fieldsOf = ({ schema }: RouteContract): string[] => Object.keys(schema.body?.properties ?? {})

/** Wrong for nearly every field. */
const wrongValues: readonly [string, unknown][] = [
  ['null', null],
  ['true', true],
  ['a query operator', { $gt: '' }],
  ['a list in a list', [[3]]],
  ['half a unit', 1.5],
]

/** Every field of a body with every value that its schema does not take. */
const wrongFieldsOf = ({ schema }: RouteContract) =>
  Object.entries(schema.body?.properties ?? {}).flatMap(([name, field]) =>
    wrongValues.filter(([, value]) => !Check(field, value)).map(([what, value]) => [name, what, value] as const),
  )

function expectRefusal(answer: Answer, status: number) {
  const problem = shaped(Problem, answer)
  expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
    status,
    type: 'application/problem+json; charset=utf-8',
  })
  expect(problem.status).toBe(status)
  expect(problem.code).toMatch(/^[A-Z][A-Z_]+$/)
  return problem
}

describe.each(withBody)('%s', (_name, route) => {
  const [field = ''] = fieldsOf(route)

  test.each(wrongFieldsOf(route))('refuses %s: %s, and points at it', async (name, _what, value) => {
    const problem = expectRefusal(await send(route, { body: { [name]: value } }), 400)
    const pointers = problem.errors?.map(({ pointer }) => pointer) ?? []
    expect(pointers.some((pointer) => pointer.startsWith(`/${name}`))).toBe(true)
  })

  test.each(
    ['role', 'roles', 'price', 'status', 'userId', 'customerId', 'isOperator', '_id'].filter(
      (name) => !fieldsOf(route).includes(name),
    ),
  )('refuses the extra field %s', async (name) => {
    const problem = expectRefusal(await send(route, { body: { [name]: 'operator' } }), 400)
    expect(problem.errors).toContainEqual({ pointer: `/${name}`, detail: 'is not a known field' })
  })

  test.each([
    ['a list', '[]'],
    ['null', 'null'],
    ['text', '"x"'],
    ['half of an object', '{"a":'],
    ['nothing', ''],
    ['__proto__', `{"${field}":1,"__proto__":{"isOperator":true}}`],
    ['constructor.prototype', `{"constructor":{"prototype":{"isOperator":true}}}`],
    ['$where', '{"$where":"sleep(1000)"}'],
    ['a deep list', '['.repeat(5000) + ']'.repeat(5000)],
  ])('refuses %s for a body', async (_what, body) => {
    expectRefusal(await send(route, { body }), 400)
  })

  test('refuses a body that is too large', async () => {
    expectRefusal(await send(route, { body: { [field]: 'x'.repeat(70_000) } }), 413)
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/json; charset=utf-16'])(
    'refuses a body of type %s',
    async (type) => {
      expectRefusal(await send(route, { body: '{}', headers: { 'content-type': type } }), 415)
    },
  )
})

describe.each(withForm)('%s', (_name, route) => {
  const sendForm = (body: string, type = 'application/x-www-form-urlencoded') =>
    send(route, { body, headers: { 'content-type': type } })
  const required = route.schema.body?.required ?? []
  const good = required.map((field) => `${field}=x`).join('&')

  test.each([
    ['nothing', ''],
    ['a parameter twice', `${good}&${good}`],
    ['a parameter that it does not name', `${good}&role=admin`],
    ['__proto__', `${good}&__proto__=x`],
    ['a query operator', `${good}&client_id[$ne]=x`],
    ['what is no UTF-8', `${good}&client_id=%FF&client_id=%FF`],
  ])('refuses %s', async (_what, body) => {
    const answer = await sendForm(body)
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('refuses a body that is too large', async () => {
    expectRefusal(await sendForm(`${good}&scope=${'x'.repeat(70_000)}`), 413)
  })

  test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
    'refuses a body of type %s',
    async (type) => {
      expectRefusal(await sendForm('{}', type), 415)
    },
  )
})

describe.each(withoutBody)('%s', (_name, route) => {
  test.each(['a[$ne]=', '__proto__=1', 'constructor=1', '$where=1', 'role=operator'])(
    'refuses the query %s',
    async (query) => {
      expectRefusal(await send(route, {}, `${pathOf(route)}?${query}`), 400)
    },
  )
})

describe.each(withParams)('%s', (_name, route) => {
  test.each(['1', '[object Object]', '%7B%22%24gt%22%3A%22%22%7D', 'ord_', '__proto__'])(
    'refuses the id %s',
    async (id) => {
      const body = route.schema.body === undefined ? {} : { body: {} }
      const answer = await send(route, body, route.path.replace(/:\w+/, encodeURIComponent(decodeURIComponent(id))))
      expectRefusal(answer, 400)
    },
  )
})

test.each(withKey)('%s wants an Idempotency-Key', async (_name, route) => {
  const [type] = route.schema.upload?.mediaTypes ?? []
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
  const without = await shop.call(pathOf(route), { method: route.method, token, body: {}, headers })
  const problem = expectRefusal(without, 400)
  expect(problem.errors).toContainEqual({ pointer: '/headers/idempotency-key', detail: 'is required' })
})

/** True for routes that ask for what no customer may do. */
function isBeyondCustomers(access: Access): boolean {
  const permission = permissionFor(access)
  return permission !== undefined && !permissionsOf(['customer']).has(permission)
}

test.each(protectedRoutes)('%s wants a token', async (_name, route) => {
  const call = route.schema.body === undefined ? {} : { body: {} }
  expectRefusal(await shop.call(pathOf(route), { method: route.method, ...call }), 401)
  expectRefusal(await shop.call(pathOf(route), { method: route.method, ...call, token: 'rubbish' }), 401)
})

test.each(protectedRoutes.filter(([, { access }]) => isBeyondCustomers(access)))(
  '%s is not for customers',
  async (_name, route) => {
    const call = route.schema.body === undefined ? {} : { body: {} }
    expectRefusal(await shop.call(pathOf(route), { method: route.method, ...call, token: customerToken }), 403)
  },
)

test('nothing of all this was written', async () => {
  await eventually(async () => {
    const now = await everythingWritten()
    expect(now).toBe(written)
    return true
  })
})
