import { accessRoutes } from './access.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { auditRoutes } from './audit.ts'
import { authRoutes } from './auth.ts'
import { catalogueRoutes } from './catalogue.ts'
import { discountRoutes } from './discounts.ts'
import { inventoryRoutes } from './inventory.ts'
import { jobRoutes } from './jobs.ts'
import { notificationsRoutes } from './notifications.ts'
import { oauthRoutes } from './oauth.ts'
import { orderChangeRoutes } from './order-changes.ts'
import { ordersRoutes } from './orders.ts'
import { paymentsRoutes } from './payments.ts'
import { privacyRoutes } from './privacy.ts'
import type { RouteContract } from './route.ts'
import { webhookRoutes } from './webhooks.ts'

/** Every public route of the system. The gateway forwards these and nothing else. */
export const allRoutes: readonly RouteContract[] = [
  ...authRoutes,
  ...accessRoutes,
  ...apiKeyRoutes,
  ...oauthRoutes,
  ...auditRoutes,
  ...privacyRoutes,
  ...catalogueRoutes,
  ...inventoryRoutes,
  ...jobRoutes,
  ...ordersRoutes,
  ...discountRoutes,
  ...orderChangeRoutes,
  ...paymentsRoutes,
  ...notificationsRoutes,
  ...webhookRoutes,
]
