import { Type } from 'typebox'
import {
  Binary,
  Id,
  idempotencyHeaders,
  Line,
  NotificationId,
  OrderId,
  Page,
  pageQuery,
  Strict,
  Timestamp,
} from './common.ts'
import { defineEvent } from './event.ts'
import { defineRoute } from './route.ts'

/** One kind of mail; each follows from one event. Orders waits for the first four, and for none of the others. The last five are about accounts. */
export const NotificationTemplate = Type.Enum([
  'order-confirmed',
  'order-rejected',
  'order-cancelled',
  'order-expired',
  'order-edited',
  'fulfilment-shipped',
  'fulfilment-delivered',
  'return-approved',
  'return-rejected',
  'return-refunded',
  'verify-email',
  'reset-password',
  'password-changed',
  'email-changed',
  'second-factor-changed',
  'registration-attempted',
])
export type NotificationTemplate = Type.Static<typeof NotificationTemplate>

export const NotificationState = Type.Enum(['queued', 'sent', 'failed', 'suppressed', 'bounced'])
export type NotificationState = Type.Static<typeof NotificationState>

export const Locale = Type.Enum(['en', 'de'])
export type Locale = Type.Static<typeof Locale>

/** What a customer may switch off. What the law or the purchase requires belongs to none of these. */
export const NotificationCategory = Type.Enum(['shipping', 'returns', 'order-changes'])
export type NotificationCategory = Type.Static<typeof NotificationCategory>

export const Notification = Type.Object({
  id: NotificationId,
  orderId: Type.Optional(Type.String({ ...OrderId, description: 'missing for a mail about an account' })),
  template: NotificationTemplate,
  templateVersion: Type.Optional(Type.Integer({ description: 'version of the template; 0 is the built-in one' })),
  locale: Type.Optional(Locale),
  channel: Type.Enum(['email']),
  to: Type.String(),
  subject: Type.String(),
  text: Type.String(),
  html: Type.Optional(Type.String()),
  status: NotificationState,
  failure: Type.Optional(Type.String({ description: 'why it was not delivered, or not yet' })),
  bounce: Type.Optional(
    Type.Object({ code: Type.String({ description: 'what the mail server said, `550` or `5.1.1`' }), at: Timestamp }),
  ),
  resendOf: Type.Optional(NotificationId),
  createdAt: Timestamp,
  sentAt: Type.Optional(Timestamp),
})
export type Notification = Type.Static<typeof Notification>

export const listNotificationsRoute = defineRoute('notifications', 'GET', '/v1/notifications', 'notifications:read', {
  summary: 'Mails, newest first, of one order or one status when asked',
  querystring: Strict({
    ...pageQuery,
    orderId: Type.Optional(Id('ord')),
    status: Type.Optional(NotificationState),
  }),
  response: { 200: Page(Notification) },
})

const notificationParams = Strict({ id: NotificationId })

export const getNotificationRoute = defineRoute('notifications', 'GET', '/v1/notifications/:id', 'notifications:read', {
  summary: 'One mail as it was written',
  params: notificationParams,
  response: { 200: Notification },
})

export const resendNotificationRoute = defineRoute(
  'notifications',
  'POST',
  '/v1/notifications/:id/resend',
  'notifications:write',
  {
    summary: 'Sends a mail again, as a new one that names the first',
    description:
      'The words stay those of the first; the address is asked for again. A mail about an account is not sent again: its owner asks for another.',
    params: notificationParams,
    headers: idempotencyHeaders,
    response: { 201: Notification },
  },
)

export const ifMatchHeaders = Type.Object({ 'if-match': Type.Optional(Type.String({ maxLength: 128 })) })

export const NotificationPreferences = Type.Object({
  locale: Locale,
  optOuts: Type.Array(NotificationCategory),
})
export type NotificationPreferences = Type.Static<typeof NotificationPreferences>

export const getPreferencesRoute = defineRoute('notifications', 'GET', '/v1/notifications/preferences', 'user', {
  summary: 'In which language one is written to, and about what not',
  response: { 200: NotificationPreferences },
})

export const setPreferencesRoute = defineRoute('notifications', 'PUT', '/v1/notifications/preferences', 'user', {
  summary: 'Sets language and what not to be written about; If-Match refuses to overwrite another change (412)',
  description: 'Confirmations, cancellations, rejections, expiries and refunds are always sent.',
  headers: ifMatchHeaders,
  body: Strict({
    locale: Locale,
    optOuts: Type.Array(NotificationCategory, { maxItems: 3, uniqueItems: true }),
  }),
  response: { 200: NotificationPreferences },
})

const unsubscribeQuery = Strict({
  token: Type.String({ pattern: '^[A-Za-z0-9_.-]+$', maxLength: 512, description: 'as it stands in the mail' }),
})

export const showUnsubscribeRoute = defineRoute('notifications', 'GET', '/v1/notifications/unsubscribe', 'public', {
  summary: 'A page that asks whether to stop one kind of mail; it changes nothing',
  querystring: unsubscribeQuery,
  response: { 200: Binary },
})

export const unsubscribeRoute = defineRoute('notifications', 'POST', '/v1/notifications/unsubscribe', 'public', {
  summary: 'Stops one kind of mail, in one step (RFC 8058)',
  querystring: unsubscribeQuery,
  upload: {
    mediaTypes: ['application/x-www-form-urlencoded', 'multipart/form-data'],
    maxBytes: 4096,
    isOpaque: true,
  },
  response: { 200: Binary },
})

/** What a mail provider, or an adapter in front of it, reports of a mail that came back. */
export const BounceReport = Strict({
  notificationId: NotificationId,
  kind: Type.Enum(['permanent', 'transient'], { description: 'only a permanent one changes anything' }),
  code: Type.String({ pattern: '^[245][0-9]{2}$|^[245]\\.[0-9]{1,3}\\.[0-9]{1,3}$', maxLength: 9 }),
})
export type BounceReport = Type.Static<typeof BounceReport>

export const reportBounceRoute = defineRoute('notifications', 'POST', '/v1/notifications/bounces', 'public', {
  summary: 'Takes a report about a mail that came back, signed by the Standard Webhooks specification',
  description:
    'Body `{ "notificationId": "ntf_…", "kind": "permanent", "code": "5.1.1" }`, signed with NOTIFICATIONS_BOUNCE_SECRET; the id is in the `Message-ID` of the mail. A report that comes again changes nothing.',
  headers: Type.Object({
    'webhook-id': Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$', maxLength: 128 }),
    'webhook-timestamp': Type.String({ pattern: '^[0-9]{1,12}$', maxLength: 12 }),
    'webhook-signature': Type.String({ minLength: 1, maxLength: 1024 }),
  }),
  upload: { mediaTypes: ['application/json'], maxBytes: 4096 },
  response: { 204: Type.Null() },
})

const templateFields = {
  subject: Line(200),
  text: Type.String({ minLength: 1, maxLength: 20_000 }),
  html: Type.String({ minLength: 1, maxLength: 40_000 }),
}

export const MailTemplate = Type.Object({
  template: NotificationTemplate,
  locale: Locale,
  version: Type.Integer({ description: '0 is the built-in one' }),
  subject: Type.String(),
  text: Type.String(),
  html: Type.String(),
  publishedAt: Type.Optional(Timestamp),
  publishedBy: Type.Optional(Type.String()),
})
export type MailTemplate = Type.Static<typeof MailTemplate>

const templateParams = { template: NotificationTemplate, locale: Locale }

export const listTemplatesRoute = defineRoute(
  'notifications',
  'GET',
  '/v1/notifications/templates',
  'notifications:read',
  {
    summary: 'Every template in every language as it is used now',
    response: {
      200: Type.Object({
        items: Type.Array(
          Type.Object({
            template: NotificationTemplate,
            locale: Locale,
            version: Type.Integer(),
            subject: Type.String(),
            placeholders: Type.Array(Type.String({ description: '`lines[].title` stands inside `{{#lines}}`' })),
          }),
        ),
      }),
    },
  },
)

export const getTemplateRoute = defineRoute(
  'notifications',
  'GET',
  '/v1/notifications/templates/:template/:locale',
  'notifications:read',
  {
    summary: 'A template as it is used now',
    params: Strict(templateParams),
    response: { 200: MailTemplate },
  },
)

export const getTemplateVersionRoute = defineRoute(
  'notifications',
  'GET',
  '/v1/notifications/templates/:template/:locale/versions/:version',
  'notifications:read',
  {
    summary: 'A template as it was in one version',
    params: Strict({ ...templateParams, version: Type.String({ pattern: '^(0|[1-9][0-9]{0,3})$' }) }),
    response: { 200: MailTemplate },
  },
)

export const publishTemplateRoute = defineRoute(
  'notifications',
  'PUT',
  '/v1/notifications/templates/:template/:locale',
  'notifications:write',
  {
    summary: 'Publishes a new version of a template; If-Match refuses to overwrite another change (412)',
    description:
      'Mustache without partials and without unescaped values in HTML. A placeholder that the template does not have is refused with its place, and nothing is written.',
    params: Strict(templateParams),
    headers: ifMatchHeaders,
    body: Strict(templateFields),
    response: { 200: MailTemplate },
  },
)

export const previewTemplateRoute = defineRoute(
  'notifications',
  'POST',
  '/v1/notifications/templates/:template/:locale/preview',
  'notifications:write',
  {
    summary:
      'A mail as it would be written: of a draft or the template in use, with an order’s data or with an example',
    params: Strict(templateParams),
    body: Strict({ draft: Type.Optional(Strict(templateFields)), orderId: Type.Optional(OrderId) }),
    response: { 200: Type.Object({ subject: Type.String(), text: Type.String(), html: Type.String() }) },
  },
)

export const notificationsRoutes = [
  listNotificationsRoute,
  getNotificationRoute,
  resendNotificationRoute,
  getPreferencesRoute,
  setPreferencesRoute,
  showUnsubscribeRoute,
  unsubscribeRoute,
  reportBounceRoute,
  listTemplatesRoute,
  getTemplateRoute,
  getTemplateVersionRoute,
  publishTemplateRoute,
  previewTemplateRoute,
]

const ofNotification = {
  notificationId: NotificationId,
  orderId: OrderId,
  template: NotificationTemplate,
  channel: Type.Enum(['email']),
}

/** A mail was handed over: to the mail server where one is configured, else to the kept outbox. */
export const NotificationSentV1 = defineEvent('notifications.notification.sent.v1', Type.Object(ofNotification))
/** A mail could not be delivered, or came back, and will not be tried again. */
export const NotificationFailedV1 = defineEvent(
  'notifications.notification.failed.v1',
  Type.Object({ ...ofNotification, reason: Type.String() }),
)
/** A mail was not sent because the customer does not want it, or nothing reaches the address. */
export const NotificationSuppressedV1 = defineEvent(
  'notifications.notification.suppressed.v1',
  Type.Object({ ...ofNotification, reason: Type.Enum(['opted_out', 'undeliverable_address']) }),
)
