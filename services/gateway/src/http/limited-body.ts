import { type Readable, Transform } from 'node:stream'
import { maxBodyBytes } from '@tradewind/service-kit/server'
import { errorCodes, type FastifyRequest } from 'fastify'

const tooLarge = () => new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()

/** Refuses a body that says it is too large, before any of it is read. */
export function refuseLargeBody(request: FastifyRequest): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge()
}

/** Passes a body on as it arrives, and breaks it off where it grows too large. */
export function limitBody(payload: Readable): Readable {
  let bytes = 0
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBodyBytes) done(tooLarge())
      else done(null, chunk)
    },
  })
  payload.on('error', (error) => limited.destroy(error))
  payload.on('close', () => {
    if (!payload.readableEnded) limited.destroy(new Error('the client went away'))
  })
  return payload.pipe(limited)
}
