import { settings as auth } from '@tradewind/auth/config.ts'
import { settings as gateway } from '@tradewind/gateway/config.ts'
import { settings as inventory } from '@tradewind/inventory/config.ts'
import { settings as notifications } from '@tradewind/notifications/config.ts'
import { settings as orders } from '@tradewind/orders/config.ts'
import { settings as payments } from '@tradewind/payments/config.ts'

/** What each service reads from its environment, as the service itself declares it. */
export const settings = { auth, inventory, orders, payments, notifications, gateway }
