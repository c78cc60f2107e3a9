import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { onOrder } from './events/on-order.ts'
import { getNotification, listNotifications } from './http/notifications.route.ts'
import type { Mailer } from './mail/mailer.ts'
import type { NotificationRepository } from './store/notification.repository.ts'
import { makeDeliverNotification } from './use-cases/deliver-notification.ts'
import { makeNotifyCustomer, type OrderEnding } from './use-cases/notify-customer.ts'
import { makeSweepNotifications } from './use-cases/sweep-notifications.ts'

export interface NotificationsPorts {
  readonly notifications: NotificationRepository
  readonly mailer: Mailer
  readonly addressFor: (ending: OrderEnding) => Promise<string | undefined>
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Wires the service; no I/O happens here. */
export function createNotifications(ports: NotificationsPorts) {
  const { notifications } = ports
  const deliver = makeDeliverNotification(ports)
  const routes: ImplementedRoute[] = [listNotifications(notifications), getNotification(notifications)]
  return {
    routes,
    onOrders: onOrder(makeNotifyCustomer({ ...ports, deliver })),
    sweep: makeSweepNotifications({ ...ports, deliver }),
  }
}
