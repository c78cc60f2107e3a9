import { editOrderRoute } from '@tradewind/contracts/order-changes'
import { expectedVersion } from '@tradewind/service-kit/conditional'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { EditOrder } from '../use-cases/edit-order.ts'
import { keyedRequest, targetOf } from './caller-target.ts'
import { asStarted } from './first-answers.ts'
import { presentEdit } from './present-changes.ts'

export const editOrder = (edits: EditOrder) =>
  implementRoute(editOrderRoute, async ({ params: { id }, body: { lines }, headers, caller }) => {
    const keyed = keyedRequest(caller, headers, 'edit', id, lines)
    const command = { lines, expectedVersion: expectedVersion(headers['if-match']) }
    const { order, subject, replayed } = await edits.edit(targetOf(id, caller), keyed, command)
    const body = presentEdit(asStarted(edits.find(order, subject)), order.total.currency)
    return { status: 201, body, ...replayedHeaders(replayed) }
  })
