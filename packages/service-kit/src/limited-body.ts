import { type Readable, Transform } from 'node:stream'
import { errorCodes } from 'fastify'

/**
 * Passes a body on as it arrives, and breaks it off with an error that is answered 413 where it grows too large. `refusal` says
 * what an error of the body itself means.
 */
export function limitBody(
  payload: Readable,
  maxBytes: number,
  refusal: (error: Error) => Error = (error) => error,
): Readable {
  let bytes = 0
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
      else done(null, chunk)
    },
  })
  payload.on('error', (error) => limited.destroy(refusal(error)))
  payload.on('close', () => {
    if (!payload.readableEnded) limited.destroy(new Error('the client went away'))
  })
  return payload.pipe(limited)
}
