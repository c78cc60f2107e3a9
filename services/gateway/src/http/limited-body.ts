import { errorCodes, type FastifyRequest } from 'fastify'

/** Refuses a body that says it is too large, before any of it is read. */
export function refuseLargeBody(request: FastifyRequest, maxBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()
}
