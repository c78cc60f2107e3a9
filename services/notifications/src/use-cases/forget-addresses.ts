import type { UndeliverableAddresses } from '../store/undeliverable-addresses.ts'

/** Forgets which addresses mail came back from long ago. Any replica may run it. */
export type ForgetAddresses = () => Promise<number>

interface Ports {
  readonly undeliverable: UndeliverableAddresses
  readonly now: () => Date
}

const keepMs = 90 * 24 * 3600 * 1000

export const makeForgetAddresses =
  ({ undeliverable, now }: Ports): ForgetAddresses =>
  () =>
    undeliverable.forgetBefore(new Date(now().getTime() - keepMs))
