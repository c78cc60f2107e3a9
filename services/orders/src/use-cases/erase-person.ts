import { OrdersPersonErasedV1 } from '@tradewind/contracts/privacy'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import { forgetPerson, isOver } from '../domain/forget-person.ts'
import type { Answers } from '../store/answers.ts'
import type { ErasedPersons } from '../store/erased-persons.ts'
import type { OrderRepository } from '../store/order.repository.ts'

/**
 * Forgets a person in all orders that are over, and says so once none is open any more. Orders that are still open keep
 * what they need to end; auth asks again. Safe to repeat.
 */
export type ErasePerson = (userId: string) => Promise<void>

interface Ports {
  readonly orders: OrderRepository
  readonly answers: Answers
  readonly erasedPersons: ErasedPersons
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeErasePerson =
  ({ orders, answers, erasedPersons, now, newId }: Ports): ErasePerson =>
  async (userId) => {
    let open = 0
    for await (const order of orders.ofCustomer(userId)) {
      if (!isOver(order)) {
        open += 1
        continue
      }
      await orders.update(order.id, (before) => {
        const after = isOver(before) ? forgetPerson(before, now()) : before
        return after === before ? unchanged() : changed(after)
      })
      await answers.forget(order.id)
    }
    if (open > 0) return
    await erasedPersons.upsert(userId, (before) => {
      if (before !== undefined) return announcedAgain(OrdersPersonErasedV1.type)
      const person = { id: userId, erasedAt: now() }
      return changed(person, OrdersPersonErasedV1.create(newId('evt'), { userId }))
    })
  }
