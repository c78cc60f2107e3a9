import { createHmac } from 'node:crypto'

/** What stands for an address where the address itself has no business: the same each time, and no way back without the key. */
export interface Pseudonyms {
  readonly ofEmail: (normalisedEmail: string) => string
  readonly ofNetwork: (network: string) => string
}

const digits = 32

export function createPseudonyms(key: Buffer): Pseudonyms {
  const pseudonym = (kind: string) => (text: string) =>
    `${kind}_${createHmac('sha256', key).update(`${kind}/${text}`).digest('hex').slice(0, digits)}`
  return { ofEmail: pseudonym('eml'), ofNetwork: pseudonym('net') }
}
