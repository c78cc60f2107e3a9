import { defineError } from '@tradewind/service-kit/errors'

export const SkuNotFound = defineError('INVENTORY_SKU_NOT_FOUND', 'not-found', 'No product has this SKU.')
