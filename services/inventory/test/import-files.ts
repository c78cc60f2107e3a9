import { Readable } from 'node:stream'
import { Job, type JobError, listJobErrorsRoute } from '@tradewind/contracts/jobs'
import { newId } from '@tradewind/service-kit/ids'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { expect } from 'vitest'
import type { InventoryUnderTest } from './inventory-under-test.ts'
import { operator } from './shop.ts'

export interface ImportRequest {
  readonly kind: 'products' | 'stock'
  readonly dryRun?: boolean
  readonly type?: string
  readonly key?: string
  readonly as?: { readonly userId?: string; readonly roles: readonly string[] }
}

const shaped = <S extends TSchema>(schema: S, body: unknown): Static<S> => {
  if (!Check(schema, body)) throw new Error(`not of the contract's shape: ${JSON.stringify(body)}`)
  return body
}

/** A CSV file begins with a letter, NDJSON with a brace. */
const typeOf = (text: string | Buffer) =>
  text.toString().trimStart().startsWith('{') ? 'application/x-ndjson' : 'text/csv'

export const upload = ({ requestRaw }: InventoryUnderTest, text: string | Buffer, request: ImportRequest) => {
  const { kind, dryRun = false, type = typeOf(text), key = newId('key'), as = operator } = request
  const headers = { 'content-type': type, 'idempotency-key': key }
  return requestRaw('POST', `/v1/imports?kind=${kind}&dryRun=${dryRun}`, text, { as, headers })
}

/** Queues an import and answers with its job's id. */
export async function queue(
  inventory: InventoryUnderTest,
  text: string | Buffer,
  request: ImportRequest,
): Promise<string> {
  const answer = await upload(inventory, text, request)
  expect([answer.status, answer.body]).toMatchObject([202, { status: 'queued' }])
  return shaped(Job, answer.body).id
}

export async function jobOf({ request }: InventoryUnderTest, id: string): Promise<Job> {
  return shaped(Job, (await request('GET', `/v1/jobs/${id}`, { as: operator })).body)
}

export async function errorsOf({ request }: InventoryUnderTest, id: string, query = ''): Promise<JobError[]> {
  const { body } = await request('GET', `/v1/jobs/${id}/errors?limit=100${query}`, { as: operator })
  return shaped(listJobErrorsRoute.schema.response[200], body).items
}

/** Imports a file to its end. */
export async function imported(inventory: InventoryUnderTest, text: string, request: ImportRequest) {
  const id = await queue(inventory, text, request)
  await inventory.app.jobs.run()
  return { job: await jobOf(inventory, id), errors: await errorsOf(inventory, id) }
}

/** Exports to the end and answers with the file. */
export async function exported(inventory: InventoryUnderTest, kind: 'products' | 'stock', format: 'csv' | 'ndjson') {
  const { request, app } = inventory
  const { body } = await request('POST', '/v1/exports', { as: operator, body: { kind, format } })
  const { id } = shaped(Job, body)
  await app.jobs.run()
  const result = await request('GET', `/v1/jobs/${id}/result`, { as: operator })
  expect(result.status).toBe(200)
  return {
    job: await jobOf(inventory, id),
    text: typeof result.body === 'string' ? result.body : JSON.stringify(result.body),
    headers: result.headers,
  }
}

/** A stream of a text in pieces of so many bytes, so that nothing falls together with the end of a chunk. */
export const inPieces = (content: string | Buffer, bytes: number): Readable => {
  const whole = Buffer.from(content)
  const count = Math.ceil(whole.length / bytes)
  return Readable.from(
    Array.from({ length: count }, (_, index) => whole.subarray(index * bytes, (index + 1) * bytes)),
    { objectMode: true },
  )
}
