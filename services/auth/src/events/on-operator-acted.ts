import { type AuditedService, operatorActedIn } from '@tradewind/contracts/operator-actions'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { RecordOperatorAction } from '../use-cases/record-operator-action.ts'

// Safe to repeat: the entry's id follows from the action.
export const onOperatorActed = (record: RecordOperatorAction, service: AuditedService): EventHandler =>
  on(operatorActedIn[service], ({ data }) => record(service, data))
