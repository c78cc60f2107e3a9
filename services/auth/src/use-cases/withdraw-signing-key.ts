import { KeyWithdrawnV1 } from '@tradewind/contracts/revocation'
import { defineError } from '@tradewind/service-kit/errors'
import type { KeyWithdrawals } from '../store/key-withdrawals.ts'
import type { SigningKeys } from '../store/signing-key.repository.ts'

const SigningKeyNotFound = defineError('AUTH_SIGNING_KEY_NOT_FOUND', 'not-found', 'There is no such signing key.')

/**
 * Takes a compromised key out of use: every process refuses what it signed as soon as it hears of it, and another key signs.
 * A replica that did not look yet signs with it for ten seconds more, and those tokens are refused, too. Told before it is
 * removed, so that a process that dies in between can be asked again. Throws `SigningKeyNotFound`.
 */
export type WithdrawSigningKey = (kid: string) => Promise<{ readonly signing: string }>

interface Ports {
  readonly keys: SigningKeys
  readonly keyWithdrawals: KeyWithdrawals
  readonly newId: (prefix: string) => string
}

export const makeWithdrawSigningKey =
  ({ keys, keyWithdrawals, newId }: Ports): WithdrawSigningKey =>
  async (kid) => {
    if (keys.list().every((known) => known.kid !== kid)) throw SigningKeyNotFound({ kid })
    await keyWithdrawals.add(kid, KeyWithdrawnV1.create(newId('evt'), { kid }))
    await keys.withdraw(kid)
    return { signing: keys.current().kid }
  }
