import type { Notification } from './notification.ts'

/** Why a mail to an erased person was not sent. */
const erased = 'the person was erased'

/**
 * That there was a mail, of which kind and what became of it, without its text and its address. One that was still to be
 * sent is given up. Returns the same object when it is so already.
 */
export function forgetPerson(notification: Notification): Notification {
  if (notification.isForgotten === true) return notification
  const { html: _html, facts: _facts, unsubscribeUrl: _url, dueAt: _dueAt, failure: _failure, ...rest } = notification
  const isWaiting = notification.status === 'queued'
  return {
    ...rest,
    to: '',
    subject: '',
    text: '',
    ...(isWaiting && { status: 'failed', failure: erased }),
    isForgotten: true,
  }
}
