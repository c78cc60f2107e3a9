import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
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
})
export type Config = Static<typeof settings>

export const loadNotificationsConfig = (): Config => loadConfig(settings)
