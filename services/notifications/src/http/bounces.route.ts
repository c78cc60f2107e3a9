import { buffer } from 'node:stream/consumers'
import { BounceReport, reportBounceRoute } from '@tradewind/contracts/notifications'
import { defineError } from '@tradewind/service-kit/errors'
import { parseJsonBody } from '@tradewind/service-kit/json-body'
import { implementRoute } from '@tradewind/service-kit/route'
import { compile, faultsOf, InvalidInput } from '@tradewind/service-kit/validation'
import type { SignedMessage } from '../crypto/webhook-signature.ts'
import type { RecordBounce } from '../use-cases/record-bounce.ts'

const BounceNotSigned = defineError(
  'NOTIFICATIONS_BOUNCE_NOT_SIGNED',
  'forbidden',
  'The report is not signed as agreed, or too old.',
)

const isReport = compile<BounceReport>(BounceReport)

/** Judges the signature over the body as it came, before anything of it is believed. */
export const reportBounce = (isAuthentic: (message: SignedMessage) => boolean, record: RecordBounce) =>
  implementRoute(reportBounceRoute, async ({ headers, upload }) => {
    const body = await buffer(upload.stream)
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers
    if (!isAuthentic({ id, timestamp, signature, body })) throw BounceNotSigned({ id })
    const report = parseJsonBody(body)
    if (!isReport(report)) throw InvalidInput({}, { errors: faultsOf('', isReport.errors) })
    if (report.kind === 'permanent') await record(report.notificationId, report.code)
    return { status: 204, body: null }
  })
