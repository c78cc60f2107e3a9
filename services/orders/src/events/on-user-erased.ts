import { UserErasedV1 } from '@tradewind/contracts/privacy'
import { on } from '@tradewind/messaging/consumer'
import type { ErasePerson } from '../use-cases/erase-person.ts'

// Safe to repeat: what is forgotten stays forgotten, and the confirmation goes out again with its own id.
export const onUserErased = (erase: ErasePerson) => on(UserErasedV1, ({ data }) => erase(data.userId))
