import { defineError } from '@tradewind/service-kit/errors'

export const PaymentNotFound = defineError('PAYMENTS_NOT_FOUND', 'not-found', 'There is no such payment.')
