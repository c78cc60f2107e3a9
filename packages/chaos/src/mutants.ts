export interface Edit {
  /** From the root of the repository. */
  readonly file: string
  /** Stands in the file once. */
  readonly find: string
  readonly replace: string
}

/** A guard that is taken out of the source, and where that must show. */
export interface Mutant extends Edit {
  readonly name: string
  /** Which guard. */
  readonly guard: string
  /** Another guard that would catch what this one lets through: it is taken out with it. */
  readonly behind?: Edit
  /** The simulator, or the scenario of the matrix. */
  readonly caughtBy: string
}

export const simulator = 'simulator'
const stock = 'services/inventory/src/domain/stock.ts'
const reservation = 'services/inventory/src/domain/reservation.ts'
const plan = 'services/payments/src/domain/plan.ts'
const sagaTable = 'services/orders/src/domain/saga-table.ts'

/** One guard removed at a time. Each must be caught, or the harness is worth less than it seems. */
export const mutants: readonly Mutant[] = [
  {
    name: 'availability-filter',
    guard: 'units are held only while so many are available',
    file: stock,
    find: 'if (free < units || (isMore && waiting > backorderLimit)) {',
    replace: 'if (isMore && waiting > backorderLimit) {',
    caughtBy: simulator,
  },
  {
    name: 'inbox-key',
    guard: 'an order holds units of a shelf once, however often its event comes',
    file: stock,
    find: 'if ((earlier !== undefined && earlier.plan >= plan) || (waited !== undefined && waited.plan >= plan)) return stock\n  const free = stock.available + (earlier?.quantity ?? 0)',
    replace: 'const free = stock.available',
    caughtBy: simulator,
  },
  {
    name: 'hold-tombstone',
    guard: 'a cancellation that comes before its order leaves a tombstone',
    file: 'services/inventory/src/use-cases/release-reservation.ts',
    find: 'if (before === undefined) return changed(tombstone(orderId, now()), released(newId, orderId, false))',
    replace: 'if (before === undefined) return unchanged()',
    caughtBy: simulator,
  },
  {
    name: 'hold-token',
    guard: 'a commit sells the hold that was confirmed, not one that somebody slow took again',
    file: stock,
    find: 'token === undefined || (one !== undefined && isOfAttempt(one, token)) ? one : undefined',
    replace: 'one',
    caughtBy: simulator,
  },
  {
    name: 'restock-once',
    guard: 'the units of a cancelled order come back once',
    file: stock,
    find: 'const id = restockId(orderId, stock.id)\n  if (hasMovement(stock, id)) return stock',
    replace: 'const id = `${restockId(orderId, stock.id)}/${stock.movements.length}`',
    caughtBy: simulator,
  },
  {
    name: 'pivot-check',
    guard: 'only what is held is committed',
    file: reservation,
    find: "reservation.status === 'held' ? { ...reservation, status: 'committing'",
    replace: "reservation.status !== 'committed' ? { ...reservation, status: 'committing'",
    behind: {
      file: 'services/inventory/src/use-cases/require-units.ts',
      find: 'if (missing > 0) throw UnitsMissing(',
      replace: 'if (missing < 0) throw UnitsMissing(',
    },
    caughtBy: simulator,
  },
  {
    name: 'commit-before-confirmation',
    guard: 'an order is confirmed only once its hold is committed',
    file: sagaTable,
    find: "'payment-authorized': { to: 'authorized' }",
    replace: "'payment-authorized': { to: 'confirmed' }",
    caughtBy: simulator,
  },
  {
    name: 'void-of-cancelled',
    guard: 'what is held for a cancelled order is voided',
    file: plan,
    find: "if (isCancelled || voidedBy !== undefined) return { kind: 'void' }",
    replace: "if (voidedBy !== undefined) return { kind: 'void' }",
    caughtBy: simulator,
  },
  {
    name: 'booking-key',
    guard: 'a capture is booked once, however often the provider tells of it',
    file: 'services/payments/src/domain/provider-facts.ts',
    find: "if (capture === undefined || capture.state === 'captured') return payment",
    replace: 'if (capture === undefined) return payment',
    caughtBy: simulator,
  },
  {
    name: 'idempotency-key',
    guard: 'one order per idempotency key, by a unique index',
    file: 'services/orders/src/store/migrations.ts',
    find: "{ key: { customerId: 1, idempotencyKey: 1 }, name: 'idempotency', unique: true }",
    replace: "{ key: { customerId: 1, idempotencyKey: 1 }, name: 'idempotency' }",
    caughtBy: 'service-crash',
  },
  {
    name: 'notification-key',
    guard: 'one notification per order and occasion, by its id',
    file: 'services/notifications/src/use-cases/notify-customer.ts',
    find: "`ntf_${fingerprint([orderId, template, ...(about === undefined ? [] : [about])].join('/')).slice(0, 32)}`",
    replace:
      "`ntf_${fingerprint([orderId, template, ...(about === undefined ? [] : [about]), String(Math.random())].join('/')).slice(0, 32)}`",
    caughtBy: 'duplicates-and-reordering',
  },
  {
    name: 'publish-before-save',
    guard: 'an event goes out only after it was written',
    file: 'packages/database/src/group-commit.ts',
    find: '      const result = await collection.bulkWrite(operations, { ordered: false })',
    replace:
      '      for (const { write: early } of all) if (early !== undefined) onCommitted(early.next, early.added, false)\n      const result = await collection.bulkWrite(operations, { ordered: false })',
    caughtBy: 'service-crash-at-points',
  },
  {
    name: 'ack-before-save',
    guard: 'a message is acknowledged only after it was handled',
    file: 'packages/messaging/src/consumer.ts',
    find: '      await handleAs(message.subject, message.headers, message.data)\n      message.ack()',
    replace: '      message.ack()\n      await handleAs(message.subject, message.headers, message.data)',
    caughtBy: 'database-crash',
  },
  {
    name: 'look-back',
    guard: 'the relay notices that the broker has lost what it acknowledged',
    file: 'packages/messaging/src/streams.ts',
    find: '  if (state.last_seq < streamSequence) return false',
    replace: '  if (state.last_seq >= 0) return true',
    caughtBy: 'broker-data-loss',
  },
]
