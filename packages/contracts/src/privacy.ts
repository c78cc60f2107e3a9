import { type Static, Type } from 'typebox'
import { Binary, Id, Strict, Timestamp, UserId } from './common.ts'
import { defineEvent } from './event.ts'
import { defineQuery } from './query.ts'
import { defineRoute } from './route.ts'

/** The services that hold something about a person. Payments and inventory know orders and no persons. */
export const personServices = ['auth', 'orders', 'notifications'] as const
export type PersonService = (typeof personServices)[number]

const GivenPassword = Type.String({ minLength: 1, maxLength: 256 })
const Step = Type.Object({
  service: Type.Enum([...personServices]),
  doneAt: Type.Union([Timestamp, Type.Null()]),
})

/** Made of chance alone: whoever has it may see the receipt, also when there is no account any more. */
export const ReceiptId = Type.String({ pattern: '^era_[A-Za-z0-9_-]{43}$', maxLength: 48 })
const Erasure = Type.Object({
  id: ReceiptId,
  status: Type.Enum(['closing', 'waiting', 'completed'], {
    description: 'closing the account, waiting for every service, or done: then this is the receipt',
  }),
  requestedAt: Timestamp,
  completedAt: Type.Union([Timestamp, Type.Null()]),
  steps: Type.Array(Step),
})
export type Erasure = Static<typeof Erasure>

export const eraseOwnRoute = defineRoute('auth', 'POST', '/v1/auth/privacy/erase', 'account:manage', {
  summary: 'Erases one’s own account and all that is known of the person; cannot be undone',
  description: 'Refused while an order is open. Orders keep what the law asks for, without the person.',
  body: Strict({ password: GivenPassword }),
  response: { 202: Erasure },
})

export const eraseUserRoute = defineRoute('auth', 'POST', '/v1/auth/users/:id/erasure', 'users:write', {
  summary: 'Erases a person’s account and all that is known of the person',
  params: Strict({ id: UserId }),
  response: { 202: Erasure },
})

export const getErasureRoute = defineRoute('auth', 'GET', '/v1/auth/privacy/erasures/:id', 'public', {
  summary: 'How an erasure stands, for who has its id; once completed, the receipt',
  params: Strict({ id: ReceiptId }),
  response: { 200: Erasure },
})

export const ExportId = Id('exp')
const Export = Type.Object({
  id: ExportId,
  status: Type.Enum(['collecting', 'ready', 'expired']),
  steps: Type.Array(Step),
  requestedAt: Timestamp,
  expiresAt: Type.Union([Timestamp, Type.Null()], { description: 'until when it can be fetched' }),
})
export type Export = Static<typeof Export>
const oneExport = { params: Strict({ id: ExportId }) }

export const exportOwnRoute = defineRoute('auth', 'POST', '/v1/auth/privacy/export', 'account:manage', {
  summary: 'Collects all that is known of oneself',
  body: Strict({ password: GivenPassword }),
  response: { 202: Export },
})

export const getExportRoute = defineRoute('auth', 'GET', '/v1/auth/privacy/exports/:id', 'account:manage', {
  summary: 'How an export stands',
  ...oneExport,
  response: { 200: Export },
})

export const getArchiveRoute = defineRoute('auth', 'GET', '/v1/auth/privacy/exports/:id/archive', 'account:manage', {
  summary: 'What was collected, one JSON object in each line (NDJSON), for seven days',
  ...oneExport,
  response: { 200: Binary },
})

export const privacyRoutes = [
  eraseOwnRoute,
  eraseUserRoute,
  getErasureRoute,
  exportOwnRoute,
  getExportRoute,
  getArchiveRoute,
]

/** Published when an account is gone and nobody can act in its name any more. Every service forgets the person and says so. */
export const UserErasedV1 = defineEvent('auth.user.erased.v1', Type.Object({ userId: UserId }))
/** Published when orders knows nothing of the person any more. */
export const OrdersPersonErasedV1 = defineEvent('orders.person.erased.v1', Type.Object({ userId: UserId }))
/** Published when notifications knows nothing of the person any more. */
export const NotificationsPersonErasedV1 = defineEvent(
  'notifications.person.erased.v1',
  Type.Object({ userId: UserId }),
)

/** How many orders a person has that are still to be delivered, or to be settled. */
export const OpenOrdersQueryV1 = defineQuery(
  'query.orders.open-orders.v1',
  Strict({ userId: UserId }),
  Strict({ open: Type.Integer({ minimum: 0 }) }),
)

const PersonDataQuestion = Strict({
  userId: UserId,
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
})
const PersonDataAnswer = Strict({
  items: Type.Array(Strict({ kind: Type.String(), data: Type.Record(Type.String(), Type.Unknown()) }), {
    maxItems: 100,
  }),
  next: Type.Union([Type.String(), Type.Null()]),
})
export type PersonData = Static<typeof PersonDataAnswer>

/** What orders knows of a person, a page at a time. */
export const OrdersPersonDataQueryV1 = defineQuery('query.orders.person-data.v1', PersonDataQuestion, PersonDataAnswer)
/** What notifications knows of a person, a page at a time. */
export const NotificationsPersonDataQueryV1 = defineQuery(
  'query.notifications.person-data.v1',
  PersonDataQuestion,
  PersonDataAnswer,
)
