import { createTransport } from 'nodemailer'
import type { Notification } from '../domain/notification.ts'

/** Hands a mail over. Throws when it was not taken. */
export interface Mailer {
  readonly send: (notification: Notification) => Promise<void>
  readonly close: () => void
}

export interface SmtpOptions {
  /** `smtp://[user:password@]host:port`, or `smtps://…`. */
  readonly url: string
  readonly from: string
}

/** Hands mails to an SMTP server over a few kept connections. */
export function createSmtpMailer({ url, from }: SmtpOptions): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 4,
    connectionTimeout: 5000,
    greetingTimeout: 5000,
    socketTimeout: 10_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    send: async ({ id, to, subject, text }) => {
      // The same message id on every attempt lets the receiving side drop a copy after an unclear answer.
      await transport.sendMail({ from, to, subject, text, messageId: `<${id}@${domainOf(from)}>` })
    },
    close: () => transport.close(),
  }
}

const domainOf = (address: string): string => /@([A-Za-z0-9.-]+)>?$/.exec(address)?.[1] ?? 'tradewind.local'

/** Without a mail server, mails are kept in the database, where operators read them. */
export const keepingMailer: Mailer = { send: () => Promise.resolve(), close: () => undefined }
