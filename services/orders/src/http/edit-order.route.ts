import { editOrderRoute } from '@tradewind/contracts/order-changes'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { EditOrder } from '../use-cases/edit-order.ts'
import { keyedRequest, targetOf } from './caller-target.ts'
import { asStarted } from './first-answers.ts'
import { presentEdit } from './present-changes.ts'

/** Never a version, so that an If-Match that is not one of ours matches nothing. */
const noVersion = -1

function versionIn(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined
  const version = /^"(\d{1,15})"$/.exec(ifMatch)?.[1]
  return version === undefined ? noVersion : Number(version)
}

export const editOrder = (edits: EditOrder) =>
  implementRoute(editOrderRoute, async ({ params: { id }, body: { lines }, headers, caller }) => {
    const keyed = keyedRequest(caller, headers, 'edit', id, lines)
    const command = { lines, expectedVersion: versionIn(headers['if-match']) }
    const { order, subject, replayed } = await edits.edit(targetOf(id, caller), keyed, command)
    const body = presentEdit(asStarted(edits.find(order, subject)), order.total.currency)
    return { status: 201, body, ...replayedHeaders(replayed) }
  })
