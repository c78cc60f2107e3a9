import {
  NotificationsPersonDataQueryV1,
  OpenOrdersQueryV1,
  OrdersPersonDataQueryV1,
} from '@tradewind/contracts/privacy'
import type { Messaging } from '@tradewind/messaging/connection'
import { askQuery } from '@tradewind/messaging/query'

/** Asks the others over the broker. Each question throws while nobody answers. */
export function askAboutPersons(messaging: Messaging) {
  const openOrders = askQuery(messaging, OpenOrdersQueryV1)
  const inOrders = askQuery(messaging, OrdersPersonDataQueryV1)
  const inNotifications = askQuery(messaging, NotificationsPersonDataQueryV1)
  const from = (after: string | undefined) => (after === undefined ? {} : { after })
  return {
    countOpenOrders: async (userId: string) => (await openOrders({ userId })).open,
    dataInOrders: (userId: string, after: string | undefined) => inOrders({ userId, ...from(after) }),
    dataInNotifications: (userId: string, after: string | undefined) => inNotifications({ userId, ...from(after) }),
  }
}
