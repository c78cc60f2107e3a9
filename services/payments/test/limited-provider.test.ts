import { expect, test } from 'vitest'
import { limitCalls } from '../src/providers/limited-provider.ts'
import { type PaymentProvider, ProviderRefused, ProviderUnclear } from '../src/providers/payment-provider.ts'

const target = { paymentId: 'pay_1', orderId: 'ord_1', amount: { amountMinor: 1, currency: 'EUR' }, method: 'pm' }

/** A provider whose answers wait until they are let go. */
function createSlowProvider() {
  const underWay: PromiseWithResolvers<undefined>[] = []
  const hold = () => {
    const call = Promise.withResolvers<undefined>()
    underWay.push(call)
    return call.promise
  }
  const refuse = () => Promise.reject(ProviderRefused({ reason: 'no' }))
  const provider: PaymentProvider = {
    name: 'slow',
    authorize: refuse,
    capture: refuse,
    void: refuse,
    refund: refuse,
    lookUp: hold,
    list: () => Promise.resolve({ items: [] }),
    readWebhook: () => Promise.resolve({ eventId: 'evt_1' }),
  }
  return { provider, underWay }
}

test('no more calls go out at once than allowed, the next when one has ended, and what finds no place is told', async () => {
  const { provider, underWay } = createSlowProvider()
  const limited = limitCalls(provider, { atOnce: 2, waiting: 1 })
  const calls = Array.from({ length: 3 }, () => limited.lookUp(target))
  const oneTooMany: unknown = await limited.lookUp(target).catch((error: unknown) => error)
  expect(ProviderUnclear.is(oneTooMany)).toBe(true)
  expect(underWay).toHaveLength(2)
  underWay[0]?.resolve(undefined)
  await calls[0]
  await expect.poll(() => underWay.length).toBe(3)
  for (const { resolve } of underWay) resolve(undefined)
  expect(await Promise.all(calls)).toEqual([undefined, undefined, undefined])
  // A webhook is judged here and waits for nobody.
  expect(await limited.readWebhook(Buffer.from('{}'), undefined)).toEqual({ eventId: 'evt_1' })
})

test('a refusal stays one, and gives its place back', async () => {
  const limited = limitCalls(createSlowProvider().provider, { atOnce: 1, waiting: 1 })
  for (let turn = 0; turn < 3; turn += 1) {
    const refused: unknown = await limited.authorize(target).catch((error: unknown) => error)
    expect(ProviderRefused.is(refused)).toBe(true)
  }
})
