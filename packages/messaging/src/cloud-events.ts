import { headers as createHeaders, type MsgHdrs } from '@nats-io/nats-core'

/** An event with the attributes that CloudEvents 1.0 asks for. */
export interface CloudEvent {
  readonly id: string
  readonly type: string
  readonly time: Date
  /** The aggregate that the event is about. */
  readonly subject: string
  readonly traceparent?: string
}

/** NATS protocol binding for CloudEvents, binary mode: attributes as headers with the prefix `ce-`. */
export function toHeaders(event: CloudEvent, service: string): MsgHdrs {
  const result = createHeaders()
  result.set('ce-specversion', '1.0')
  result.set('ce-id', event.id)
  result.set('ce-source', `/tradewind/${service}`)
  result.set('ce-type', event.type)
  result.set('ce-time', event.time.toISOString())
  result.set('ce-subject', event.subject)
  result.set('content-type', 'application/json')
  if (event.traceparent !== undefined) result.set('traceparent', event.traceparent)
  return result
}

/** The attributes of a received message, or why they are not usable. */
export function fromHeaders(headers: MsgHdrs | undefined): CloudEvent | { fault: string } {
  const id = headers?.get('ce-id')
  const type = headers?.get('ce-type')
  const time = new Date(headers?.get('ce-time') ?? '')
  if (headers === undefined || id === undefined || id === '' || type === undefined || type === '') {
    return { fault: 'the CloudEvents attributes id and type are missing' }
  }
  if (Number.isNaN(time.getTime())) return { fault: 'the CloudEvents attribute time is not a time' }
  const traceparent = headers.get('traceparent')
  return {
    id,
    type,
    time,
    subject: headers.get('ce-subject'),
    ...(traceparent !== '' && { traceparent }),
  }
}

/** What the span of an event says of it: ids and names, no data. */
export const spanAttributes = ({ id, type, subject }: Pick<CloudEvent, 'id' | 'type' | 'subject'>) => ({
  'messaging.system': 'nats',
  'messaging.destination.name': type,
  'cloudevents.event_id': id,
  'cloudevents.event_subject': subject,
})
