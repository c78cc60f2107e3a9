import { accessRoutes } from './access.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { auditRoutes } from './audit.ts'
import { authRoutes } from './auth.ts'
import { authAccountRoutes } from './auth-accounts.ts'
import { catalogueRoutes } from './catalogue.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { discountRoutes } from './discounts.ts'
import { inventoryRoutes } from './inventory.ts'
import { jobRoutes } from './jobs.ts'
import { mfaRoutes } from './mfa.ts'
import { notificationsRoutes } from './notifications.ts'
import { oauthRoutes } from './oauth.ts'
import { orderChangeRoutes } from './order-changes.ts'
import { ordersRoutes } from './orders.ts'
import { outsideSignInRoutes } from './outside-sign-in.ts'
import { passkeyRoutes } from './passkeys.ts'
import { paymentsRoutes } from './payments.ts'
import { privacyRoutes } from './privacy.ts'
import type { RouteContract } from './route.ts'
import { webhookRoutes } from './webhooks.ts'

/** Every public route of the system. The gateway forwards these and nothing else. */
export const allRoutes: readonly RouteContract[] = [
  ...authRoutes,
  ...authAccountRoutes,
  ...mfaRoutes,
  ...passkeyRoutes,
  ...outsideSignInRoutes,
  ...accessRoutes,
  ...apiKeyRoutes,
  ...oauthRoutes,
  ...auditRoutes,
  ...privacyRoutes,
  ...catalogueRoutes,
  ...inventoryRoutes,
  ...jobRoutes,
  ...ordersRoutes,
  ...deadLetterRoutes,
  ...discountRoutes,
  ...orderChangeRoutes,
  ...paymentsRoutes,
  ...notificationsRoutes,
  ...webhookRoutes,
]
