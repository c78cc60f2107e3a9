import {
  type Capture,
  capturableMinor,
  everRefundableMinor,
  type Intent,
  isFree,
  type Payment,
  type Refund,
  refundableMinor,
  restRefundIdOf,
  statusOf,
} from './payment.ts'

/** How long an intent may stay unanswered before the sweeper asks the provider again. */
const retryMs = 10_000
/** How often a refund that the provider has not finished is looked at, should it not say so itself. */
const pendingRefundMs = 3600_000
/**
 * How long the rest of an authorisation is kept after the capture that was said to be the last: messages overtake each
 * other, and one that was asked for earlier may still be on its way. Longer than a message waits for its redelivery.
 */
export const releaseGraceMs = 5 * 60_000

/**
 * Works out what to ask the provider next and settles what needs no provider. Everything that changes a payment ends here,
 * so that an intent is written together with what gave rise to it.
 */
export function planned(payment: Payment, now: Date): Payment {
  const { intent, dueAt: _dueAt, ...settled } = withRelease(withoutProvider(payment, now), now)
  const next = isStanding(settled, intent) ? intent : nextIntent(settled, now)
  const dueAt = next === undefined ? wakeUpAt(settled, now) : new Date(now.getTime() + retryMs)
  return {
    ...settled,
    status: statusOf(settled),
    ...(next !== undefined && { intent: next }),
    ...(dueAt !== undefined && { dueAt }),
  }
}

/** An intent stands until it is answered. What was to be held or taken is given up for a cancelled order. */
function isStanding(payment: Payment, intent: Intent | undefined): intent is Intent {
  const { authorization, captures, refunds, isCancelled } = payment
  switch (intent?.kind) {
    case undefined:
      return false
    case 'authorize':
      return authorization === 'none' && !isCancelled
    case 'capture':
      return !isCancelled && captures.some(({ id, state }) => id === intent.id && state === 'wanted')
    case 'void':
      return authorization === 'none' || authorization === 'held'
    case 'refund':
      return refunds.some(({ id, state }) => id === intent.id && state === 'wanted')
  }
}

function nextIntent(payment: Payment, now: Date): Intent | undefined {
  const { authorization, amount, isCancelled, voidedBy, releaseAt } = payment
  if (amount === undefined || isFree(payment)) return undefined
  switch (authorization) {
    case 'none':
      return { kind: isCancelled ? 'void' : 'authorize' }
    case 'held': {
      if (isCancelled || voidedBy !== undefined) return { kind: 'void' }
      const work = nextCapture(payment) ?? nextRefund(payment)
      return work ?? (releaseAt !== undefined && releaseAt <= now ? { kind: 'void' } : undefined)
    }
    case 'closed':
      return nextRefund(payment)
    case 'declined':
      return undefined
  }
}

function nextCapture(payment: Payment): Intent | undefined {
  const capturable = capturableMinor(payment)
  const capture = payment.captures.find(({ state }) => state === 'wanted')
  if (capture === undefined) return undefined
  const amountMinor = capture.isAll === true ? capturable : capture.amountMinor
  return { kind: 'capture', id: capture.id, amountMinor, isFinal: amountMinor === capturable }
}

function nextRefund(payment: Payment): Intent | undefined {
  const refundable = refundableMinor(payment)
  const refund = payment.refunds.find(({ state, amountMinor }) => state === 'wanted' && amountMinor <= refundable)
  return refund === undefined ? undefined : { kind: 'refund', id: refund.id, amountMinor: refund.amountMinor }
}

/** When to look again at a payment that asks for nothing. */
function wakeUpAt({ releaseAt, refunds, authorization }: Payment, now: Date): Date | undefined {
  if (authorization === 'held' && releaseAt !== undefined) return releaseAt
  return refunds.some(({ state }) => state === 'pending') ? new Date(now.getTime() + pendingRefundMs) : undefined
}

/** After the last capture, and all that was asked for before it, what is left is released, a while later. */
function withRelease(payment: Payment, now: Date): Payment {
  const { releaseAt, authorization, captures } = payment
  if (releaseAt !== undefined || authorization !== 'held') return payment
  const last = captures.find(({ isLast, state }) => isLast === true && state !== 'wanted')
  if (last === undefined) return payment
  const arrivedMinor = captures
    .filter(({ requestedBy }) => requestedBy === undefined)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  if (arrivedMinor < (last.askedMinor ?? 0)) return payment
  return { ...payment, releaseAt: new Date(now.getTime() + releaseGraceMs) }
}

function withoutProvider(payment: Payment, now: Date): Payment {
  const begun = withoutMoney(payment)
  const captured = judgedCaptures(begun)
  const isUsedUp = captured.authorization === 'held' && capturableMinor(captured) === 0
  // What costs nothing stays open until it is captured.
  const isOpen = isFree(captured) && !captured.captures.some(({ state }) => state === 'captured')
  const closed: Payment = isUsedUp && !isOpen ? { ...captured, authorization: 'closed' } : captured
  return withRest(judgedRefunds(judgedCaptures(closed)), now)
}

/** An order that costs nothing is authorised at once, and one that was cancelled before its amount was known never. */
function withoutMoney(payment: Payment): Payment {
  const { authorization, amount, isCancelled, voidedBy } = payment
  if (amount === undefined) return isCancelled ? { ...payment, authorization: 'closed' } : payment
  if (!isFree(payment)) return payment
  const isGivenUp = isCancelled || voidedBy !== undefined
  if (isGivenUp && authorization !== 'closed') return { ...payment, authorization: 'closed' }
  return authorization === 'none' ? { ...payment, authorization: 'held' } : payment
}

/** Settles captures that need no provider: of nothing, of what was taken along already, and of more than there is. */
function judgedCaptures(payment: Payment): Payment {
  if (payment.authorization === 'none') return payment
  return changedItems(payment, 'captures', (capture) => judgedCapture(payment, capture))
}

function judgedCapture(payment: Payment, capture: Capture): Capture {
  if (capture.state !== 'wanted') return capture
  const { authorization, isCancelled, captures } = payment
  const refused = (failure: string): Capture => ({ ...capture, state: 'refused', failure })
  if (isCancelled) return refused('the order was cancelled')
  if (authorization === 'declined') return refused('the payment was declined')
  if (isFree(payment) && capture.amountMinor === 0 && authorization === 'held') return { ...capture, state: 'captured' }
  if (capture.isAll !== true && capture.amountMinor === 0) return { ...capture, state: 'captured' }
  if (authorization === 'closed') {
    const isCovered = captures.some(({ isAll, state }) => isAll === true && state === 'captured')
    const isAllTaken = capture.isAll === true && payment.capturedMinor === payment.amount?.amountMinor
    if (isAllTaken) return { ...capture, amountMinor: payment.capturedMinor, state: 'covered' }
    return isCovered ? { ...capture, state: 'covered' } : refused('nothing is held any more')
  }
  return capture.amountMinor > capturableMinor(payment) ? refused('more than what is still held') : capture
}

/** Settles refunds that need no provider: of nothing, and of more than can ever be given back. */
function judgedRefunds(payment: Payment): Payment {
  if (payment.authorization === 'none') return payment
  const ceiling = everRefundableMinor(payment)
  return changedItems(payment, 'refunds', (refund) => {
    const isAsked = payment.intent?.kind === 'refund' && payment.intent.id === refund.id
    if (refund.state !== 'wanted' || isAsked) return refund
    if (refund.amountMinor === 0) return { ...refund, state: 'succeeded' }
    if (refund.amountMinor <= ceiling) return refund
    return { ...refund, state: 'failed', failure: 'more than remains to be given back' }
  })
}

/** A cancelled order gets back what is left, once everything else has been given back that was asked for. */
function withRest(payment: Payment, now: Date): Payment {
  const { isCancelled, authorization, refunds, orderId } = payment
  if (!isCancelled || authorization !== 'closed') return payment
  const isWaiting = refunds.some(({ state, isRest }) => state === 'wanted' || isRest === true)
  const amountMinor = refundableMinor(payment)
  if (isWaiting || amountMinor <= 0) return payment
  const rest: Refund = {
    id: restRefundIdOf(orderId),
    amountMinor,
    reason: 'the order was cancelled',
    isRest: true,
    state: 'wanted',
    at: now,
  }
  return { ...payment, refunds: [...refunds, rest] }
}

/** Returns the same object when nothing changed. */
function changedItems<K extends 'captures' | 'refunds'>(
  payment: Payment,
  name: K,
  change: (item: Payment[K][number]) => Payment[K][number],
): Payment {
  const items = payment[name].map(change)
  return items.some((item, index) => item !== payment[name][index]) ? { ...payment, [name]: items } : payment
}
