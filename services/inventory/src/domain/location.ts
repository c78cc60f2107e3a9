import { defineError } from '@tradewind/service-kit/errors'

/** A place that holds stock. Stock is taken from the lowest priority number first. */
export interface Location {
  readonly id: string
  readonly name: string
  readonly priority: number
}

export const LocationNotFound = defineError('INVENTORY_LOCATION_NOT_FOUND', 'not-found', 'There is no such location.')
export const LocationExists = defineError('INVENTORY_LOCATION_EXISTS', 'conflict', 'There is a location with this id.')
