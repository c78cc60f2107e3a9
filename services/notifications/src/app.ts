import type { ImplementedRoute } from '@tradewind/service-kit/route'
import type { NotificationSecrets } from './crypto/notification-secrets.ts'
import type { Locale } from './domain/mail-template.ts'
import { onAccountMail } from './events/on-account-mail.ts'
import { onFulfilment } from './events/on-fulfilment.ts'
import { onOrder } from './events/on-order.ts'
import { onReturn } from './events/on-return.ts'
import { onUserErased } from './events/on-user-erased.ts'
import { reportBounce } from './http/bounces.route.ts'
import { getNotification, listNotifications, resendNotification } from './http/notifications.route.ts'
import { getPreferences, putPreferences } from './http/preferences.route.ts'
import { templateRoutes } from './http/templates.route.ts'
import { postUnsubscribe, showUnsubscribe } from './http/unsubscribe.route.ts'
import type { Mailer } from './mail/mailer.ts'
import type { TemplateLanguage } from './mail/template-language.ts'
import type { ErasedPersons } from './store/erased-persons.ts'
import type { NotificationRepository } from './store/notification.repository.ts'
import type { PreferencesRepository } from './store/preferences.repository.ts'
import type { TemplateRepository } from './store/template.repository.ts'
import type { UndeliverableAddresses } from './store/undeliverable-addresses.ts'
import { type AskAccountMail, makeCompleteMail } from './use-cases/complete-mail.ts'
import { makeCustomerPreferences } from './use-cases/customer-preferences.ts'
import { makeDeliverNotification } from './use-cases/deliver-notification.ts'
import { makeErasePerson } from './use-cases/erase-person.ts'
import { makeFindNotification } from './use-cases/find-notification.ts'
import { makeForgetAddresses } from './use-cases/forget-addresses.ts'
import { makeListTemplates } from './use-cases/list-templates.ts'
import { makeNotifyAccount } from './use-cases/notify-account.ts'
import { type Addressee, makeNotifyCustomer } from './use-cases/notify-customer.ts'
import { makePreviewMail } from './use-cases/preview-mail.ts'
import { makePublishTemplate } from './use-cases/publish-template.ts'
import { makeReadPerson } from './use-cases/read-person.ts'
import { makeRecordBounce } from './use-cases/record-bounce.ts'
import { makeResendNotification } from './use-cases/resend-notification.ts'
import { makeSweepNotifications } from './use-cases/sweep-notifications.ts'
import { makeTemplateBook } from './use-cases/template-book.ts'
import { makeUnsubscribe } from './use-cases/unsubscribe.ts'
import { makeWriteMail } from './use-cases/write-mail.ts'
import { createWebhooks, type WebhookPorts } from './webhooks-app.ts'

export interface NotificationsPorts {
  readonly notifications: NotificationRepository
  readonly preferences: PreferencesRepository
  readonly templates: TemplateRepository
  readonly undeliverable: UndeliverableAddresses
  readonly erasedPersons: ErasedPersons
  readonly mailer: Mailer
  readonly language: TemplateLanguage
  readonly addressFor: (addressee: Addressee) => Promise<string | undefined>
  readonly askAccountMail: AskAccountMail
  readonly secrets: NotificationSecrets
  readonly defaultLocale: Locale
  readonly publicUrl: string | undefined
  readonly webhooks: Omit<WebhookPorts, 'secrets'>
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Wires the service; no I/O happens here. */
export function createNotifications(given: NotificationsPorts) {
  const { notifications, now, newId } = given
  const { tokens, secrets, isAuthenticReport } = given.secrets
  const book = makeTemplateBook(given)
  const base = { ...given, book, tokens, leaseMs: given.mailer.leaseMs }
  const writeMail = makeWriteMail(base)
  const deliver = makeDeliverNotification({ ...base, completeMail: makeCompleteMail({ ...base, writeMail }) })
  const ports = { ...base, deliver, writeMail }
  const customers = makeCustomerPreferences(ports)
  const unsubscribe = makeUnsubscribe({ tokens, customers })
  const notify = makeNotifyCustomer(ports)
  const webhooks = createWebhooks({ ...given.webhooks, secrets, now, newId })
  const routes: ImplementedRoute[] = [
    listNotifications(notifications),
    getNotification(makeFindNotification(notifications)),
    resendNotification(makeResendNotification(ports)),
    getPreferences(customers),
    putPreferences(customers),
    showUnsubscribe(unsubscribe),
    postUnsubscribe(unsubscribe),
    reportBounce(isAuthenticReport, makeRecordBounce(ports)),
    ...templateRoutes({
      list: makeListTemplates(book),
      book,
      publish: makePublishTemplate(ports),
      preview: makePreviewMail(ports),
    }),
    ...webhooks.routes,
  ]
  return {
    routes,
    onOrders: onOrder(notify),
    onFulfilments: onFulfilment(notify),
    onReturns: onReturn(notify),
    onAccountMails: onAccountMail(makeNotifyAccount(ports)),
    onUsers: [onUserErased(makeErasePerson(ports))],
    dataOfPerson: makeReadPerson(ports),
    sweep: makeSweepNotifications(ports),
    forgetAddresses: makeForgetAddresses(ports),
    webhooks,
  }
}
