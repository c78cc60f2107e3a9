import type { Addressee } from './notify-customer.ts'

interface Answer {
  readonly contact: { readonly email: string } | null
}

interface Ports {
  readonly askOrders: (question: { orderId: string }) => Promise<Answer>
  readonly askAuth: (question: { userId: string }) => Promise<Answer>
}

/** Asks who knows the address; the order first where nobody said. Undefined when there is none. */
export const makeAddressFor =
  ({ askOrders, askAuth }: Ports) =>
  async ({ contact, orderId, customerId }: Addressee): Promise<string | undefined> => {
    if (contact !== 'account') {
      const { contact: given } = await askOrders({ orderId })
      if (given !== null || contact === 'order') return given?.email
    }
    return (await askAuth({ userId: customerId })).contact?.email
  }
