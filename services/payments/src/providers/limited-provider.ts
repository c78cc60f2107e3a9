import { bulkhead, isBulkheadRejectedError } from 'cockatiel'
import { type PaymentProvider, ProviderUnclear } from './payment-provider.ts'

interface Limits {
  /** Calls under way at once. */
  readonly atOnce: number
  /** Calls that wait for one of them to end. */
  readonly waiting: number
}

/**
 * The same provider with a bound on the calls under way, so that a slow one neither takes all memory nor is overrun when it
 * is back. What finds no place even to wait throws `ProviderUnclear`, as a call that was lost: it is made again later.
 */
export function limitCalls(provider: PaymentProvider, { atOnce, waiting }: Limits): PaymentProvider {
  const places = bulkhead(atOnce, waiting)
  async function inPlace<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await places.execute(call)
    } catch (error) {
      if (isBulkheadRejectedError(error)) throw ProviderUnclear({ reason: 'too many calls wait' }, { cause: error })
      throw error
    }
  }
  return {
    name: provider.name,
    authorize: (target) => inPlace(() => provider.authorize(target)),
    capture: (target, part, isFinal) => inPlace(() => provider.capture(target, part, isFinal)),
    void: (target) => inPlace(() => provider.void(target)),
    refund: (target, part) => inPlace(() => provider.refund(target, part)),
    lookUp: (target) => inPlace(() => provider.lookUp(target)),
    list: (from, after) => inPlace(() => provider.list(from, after)),
    readWebhook: (body, signature) => provider.readWebhook(body, signature),
  }
}
