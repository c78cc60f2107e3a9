import { isRotationDue } from '../domain/key-schedule.ts'
import type { ListedKey, SigningKeys } from '../store/signing-key.repository.ts'

/** Publishes a key that signs once everybody has had time to fetch it. */
export type RotateSigningKey = () => Promise<ListedKey>
/** Looks what other replicas did, and rotates when it is time. Safe to run in every replica. */
export type KeepSigningKeys = () => Promise<void>

interface Ports {
  readonly keys: SigningKeys
  readonly now: () => Date
  /** How long a key is published before it signs. */
  readonly publishMs: number
}

export const makeRotateSigningKey =
  ({ keys, now, publishMs }: Ports): RotateSigningKey =>
  () =>
    keys.add(new Date(now().getTime() + publishMs))

export const makeKeepSigningKeys =
  ({ rotate, everyMs, keys, now }: Ports & { rotate: RotateSigningKey; everyMs: number }): KeepSigningKeys =>
  async () => {
    await keys.reload()
    const [latest] = keys.list()
    if (latest !== undefined && isRotationDue(latest, everyMs, now())) await rotate()
  }
