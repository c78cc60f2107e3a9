import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { keyListFaults, keyListSetting } from '@tradewind/service-kit/keyring'
import { type Static, Type } from 'typebox'

export const settings = Type.Object({
  ...serviceSettings,
  ...backendSettings('tradewind_notifications'),
  SMTP_URL: Type.Optional(
    Type.String({
      pattern: '^smtps?://',
      description:
        'mail server, `smtp://user:password@host:port`; without it mails are only kept and shown to operators',
    }),
  ),
  MAIL_FROM: Type.String({
    default: 'Tradewind <shop@tradewind.local>',
    minLength: 3,
    description: 'sender of every mail',
  }),
  NOTIFICATIONS_LOCALE: Type.Enum(['en', 'de'], {
    default: 'en',
    description: 'language of mails to customers who did not choose one',
  }),
  NOTIFICATIONS_PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description: 'where customers reach the gateway; without it mails carry no link to unsubscribe',
    }),
  ),
  NOTIFICATIONS_KEYS: keyListSetting({
    description:
      'secret keys, `id:key` with 32 bytes in base64, separated by commas; the first makes new seals and signatures, the others still open old ones',
  }),
  NOTIFICATIONS_BOUNCE_SECRET: Type.Optional(
    Type.String({
      pattern: '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$',
      description: 'signs reports about mails that came back; without it none is taken',
    }),
  ),
  NOTIFICATIONS_WEBHOOK_ALLOW_HTTP: Type.Boolean({
    default: false,
    description: 'lets webhooks go to http:// addresses; for development only',
  }),
  NOTIFICATIONS_WEBHOOK_ALLOW_PRIVATE: Type.Boolean({
    default: false,
    description: 'lets webhooks go to addresses of this machine and its networks; for development only',
  }),
  NOTIFICATIONS_WEBHOOK_PORTS: Type.Optional(
    Type.String({
      pattern: '^[1-9][0-9]{0,4}(,[1-9][0-9]{0,4}){0,19}$',
      description: 'ports that webhooks may go to, separated by commas; without it any',
    }),
  ),
  NOTIFICATIONS_WEBHOOK_DISABLE_AFTER_DAYS: Type.Integer({
    minimum: 1,
    maximum: 90,
    default: 5,
    description: 'days of nothing but failures after which a webhook endpoint is disabled',
  }),
  // Longer than the broker keeps events, so that one that comes again finds its delivery.
  NOTIFICATIONS_WEBHOOK_RETENTION_DAYS: Type.Integer({
    minimum: 8,
    maximum: 365,
    default: 30,
    description: 'days that finished webhook deliveries are kept',
  }),
})
export type Config = Static<typeof settings>

export const loadNotificationsConfig = (env?: NodeJS.ProcessEnv): Config =>
  loadConfig(settings, env, ({ NOTIFICATIONS_KEYS: keys }) => keyListFaults('NOTIFICATIONS_KEYS', keys))
