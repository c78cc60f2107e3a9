import type { Db } from 'mongodb'
import type { ThrottlePolicy } from '../domain/throttle.ts'
import { type BudgetDocument, type Budgets, createBudgets } from './budgets.ts'

/** Budgets of whoever is counted: an account, a network, a device. */
export type Throttles = Omit<Budgets, 'takeExisting'>

export function createThrottles(db: Db, now: () => Date): Throttles {
  const budgets = createBudgets(db.collection<BudgetDocument>('throttles'), now)
  const idOf = ({ name }: ThrottlePolicy, subject: string) => `${name}/${subject}`
  return {
    take: (policy, subject) => budgets.take(policy, idOf(policy, subject)),
    giveBack: (policy, subject) => budgets.giveBack(policy, idOf(policy, subject)),
    waitFor: (policy, subject) => budgets.waitFor(policy, idOf(policy, subject)),
    charge: (policy, subject) => budgets.charge(policy, idOf(policy, subject)),
    flush: budgets.flush,
  }
}
