import { NotificationsPersonErasedV1, OrdersPersonErasedV1 } from '@tradewind/contracts/privacy'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { EraseUser } from '../use-cases/erase-user.ts'

// Safe to repeat: each service's confirmation is noted once.
export const onPersonErased = ({ confirm }: EraseUser): Record<'orders' | 'notifications', EventHandler> => ({
  orders: on(OrdersPersonErasedV1, ({ data }) => confirm(data.userId, 'orders')),
  notifications: on(NotificationsPersonErasedV1, ({ data }) => confirm(data.userId, 'notifications')),
})
