import { getSagaRoute, listSagasRoute, repairSagaRoute, type Saga } from '@tradewind/contracts/orders'
import { limitOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadSagas, SagaView } from '../use-cases/read-sagas.ts'
import type { RepairSaga } from '../use-cases/repair-saga.ts'

const defaultAgeSeconds = 60

const present = ({ order, isAwaiting, wishes }: SagaView): Saga => ({
  orderId: order.id,
  status: order.status,
  stockStatus: order.stockStatus,
  paymentStatus: order.paymentStatus,
  toldOf: [...order.toldOf],
  isAwaiting,
  wishes: wishes.map(({ kind, id }) => ({ kind, id })),
  since: order.since.toISOString(),
  reminders: order.reminders,
  nextReminderAt: order.dueAt?.toISOString() ?? null,
})

export const listSagas = (sagas: ReadSagas) =>
  implementRoute(listSagasRoute, async ({ query }) => {
    const ageMs = Number(query.olderThanSeconds ?? defaultAgeSeconds) * 1000
    return { status: 200, body: { items: (await sagas.waitingLongerThan(ageMs, limitOf(query))).map(present) } }
  })

export const getSaga = (sagas: ReadSagas) =>
  implementRoute(getSagaRoute, async ({ params }) => ({ status: 200, body: present(await sagas.find(params.orderId)) }))

export const repairSaga = (repair: RepairSaga, sagas: ReadSagas) =>
  implementRoute(repairSagaRoute, async ({ params, body, caller }) => {
    const order = await repair(params.orderId, body.action, caller.userId)
    return { status: 200, body: present(sagas.view(order)) }
  })
