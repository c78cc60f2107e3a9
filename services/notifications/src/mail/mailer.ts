import { createTransport } from 'nodemailer'
import type { Notification } from '../domain/notification.ts'
import { createMailSlots } from './mail-slots.ts'

/** What a mail server said to a mail. */
export type MailOutcome =
  | { readonly kind: 'taken' }
  /** It will never take it; `isAddress` when that is the recipient's doing. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string; readonly isAddress: boolean }
  /** Not now, or nobody knows. */
  | { readonly kind: 'failed'; readonly reason: string }

/** Hands a mail over. Never throws. */
export interface Mailer {
  readonly send: (notification: Notification) => Promise<MailOutcome>
  /** After so long no attempt is under way any more. */
  readonly leaseMs: number
  /** Gives mails that wait for a connection back: the process ends. */
  readonly stopWaiting: () => void
  readonly close: () => void
}

export interface SmtpOptions {
  /** `smtp://[user:password@]host:port`, or `smtps://…`. */
  readonly url: string
  readonly from: string
  /** For tests: how long the server may be silent. */
  readonly socketTimeoutMs?: number
}

const maxConnections = 4
/** Mails sent over one connection before it is renewed. */
const maxMessages = 100
/** How long a mail may wait for a connection. */
const longestWaitMs = 30_000
const maxWaiting = 2000
/** Each step of the conversation may take a socket's timeout, and a mail has seven; longer, and its outcome is unknown. */
const longestSendMs = 80_000
/** Above waiting and sending together, so that a mail that is under way is never taken by another replica. */
const smtpLeaseMs = 120_000
const longestReason = 500

/** Hands mails to an SMTP server over a few kept connections. */
export function createSmtpMailer({ url, from, socketTimeoutMs = 10_000 }: SmtpOptions): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections,
    maxMessages,
    connectionTimeout: 5000,
    greetingTimeout: 5000,
    socketTimeout: socketTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const slots = createMailSlots({ atOnce: maxConnections, maxWaiting, longestWaitMs })
  const hand = async ({ id, to, subject, text, html, unsubscribeUrl }: Notification) => {
    await transport.sendMail({
      from,
      to: { name: '', address: to },
      subject,
      text,
      ...(html !== undefined && { html }),
      // The same message id on every attempt lets the receiving side drop a copy after an unclear answer.
      messageId: `<${id}@${domainOf(from)}>`,
      // RFC 8058.
      ...(unsubscribeUrl !== undefined && {
        headers: {
          'List-Unsubscribe': { prepared: true, value: `<${unsubscribeUrl}>` },
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        },
      }),
    })
  }
  return {
    send: async (notification) => {
      try {
        await slots.run(() => hand(notification), longestSendMs)
        return { kind: 'taken' }
      } catch (error) {
        return outcomeOf(error)
      }
    },
    leaseMs: smtpLeaseMs,
    stopWaiting: slots.stopWaiting,
    close: () => transport.close(),
  }
}

/** Codes of nodemailer for what the server said to the envelope or the message, and not to us as its client. */
const aboutTheMail = new Set(['EENVELOPE', 'EMESSAGE'])

function outcomeOf(error: unknown): MailOutcome {
  const reason = (error instanceof Error ? error.message : String(error)).slice(0, longestReason)
  if (typeof error !== 'object' || error === null) return { kind: 'failed', reason }
  const code: unknown = Reflect.get(error, 'code')
  const status: unknown = Reflect.get(error, 'responseCode')
  const isFinal = typeof status === 'number' && status >= 500 && status < 600
  if (!isFinal || typeof code !== 'string' || !aboutTheMail.has(code)) return { kind: 'failed', reason }
  return { kind: 'refused', code: String(status), reason, isAddress: Reflect.get(error, 'command') === 'RCPT TO' }
}

const domainOf = (address: string): string => /@([A-Za-z0-9.-]+)>?$/.exec(address)?.[1] ?? 'tradewind.local'

/** Without a mail server, mails are kept in the database, where operators read them. */
export const keepingMailer: Mailer = {
  send: () => Promise.resolve({ kind: 'taken' }),
  leaseMs: 5000,
  stopWaiting: () => undefined,
  close: () => undefined,
}
