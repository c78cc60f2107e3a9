import { Stripe } from 'stripe'

/** Keys tried for one step. Each stands for a fault of Stripe's own that it keeps answering with. */
const maxKeys = 5

/**
 * Stripe keeps the first answer under an idempotency key for a day at least, faults of its own included
 * (docs.stripe.com/api/idempotent_requests): repeating it tells the fault again for ever. Only then, once Stripe says that
 * the step was not made, is it asked for under the next key; a request that may still be under way keeps its key.
 */
export async function underKey<T>(
  key: string,
  request: (options: { readonly idempotencyKey: string }) => Promise<T>,
  findMade: () => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request({ idempotencyKey: attempt === 1 ? key : `${key}:${attempt}` })
    } catch (error) {
      if (!isRepeatedFault(error) || attempt === maxKeys) throw error
      const made = await findMade()
      if (made !== undefined) return made
    }
  }
}

const isRepeatedFault = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeAPIError && error.headers?.['idempotent-replayed'] === 'true'
