import { getReservationRoute } from '@tradewind/contracts/inventory'
import { defineError } from '@tradewind/service-kit/errors'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReservationRepository } from '../store/reservation.repository.ts'

const ReservationNotFound = defineError(
  'INVENTORY_RESERVATION_NOT_FOUND',
  'not-found',
  'There is no reservation for this order.',
)

export const getReservation = (reservations: ReservationRepository) =>
  implementRoute(getReservationRoute, async ({ params: { orderId } }) => {
    const found = await reservations.find(orderId)
    if (found === undefined) throw ReservationNotFound({ orderId })
    const body = {
      orderId,
      status: found.status,
      allocations: found.allocations.map((allocation) => ({ ...allocation })),
      expiresAt: found.expiresAt.toISOString(),
      createdAt: found.createdAt.toISOString(),
      updatedAt: found.updatedAt.toISOString(),
    }
    return { status: 200, body }
  })
