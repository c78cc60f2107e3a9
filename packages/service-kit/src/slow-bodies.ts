import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How long the body of a request may take to come. */
const ordinaryMs = 8_000
/** The same for an upload, from somebody who may make it: its size is bounded, the line it comes over is not. */
export const uploadMs = 10 * 60_000

/**
 * Ends connections on which a body comes too slowly. Who is not let in, or has been answered already, does not get the time
 * that an upload gets.
 */
export function endSlowBodies(
  app: FastifyInstance,
  refuse: (request: IncomingMessage) => void,
  bodyMs = ordinaryMs,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw, routeOptions } = request
    // What is injected comes over no line.
    if (hasBody(raw) && raw.socket instanceof Socket) {
      const refuseUnlessComplete = () => {
        if (!raw.complete) refuse(raw)
      }
      let timer = setTimeout(refuseUnlessComplete, routeOptions.config.isUpload === true ? uploadMs : bodyMs)
      raw.once('end', () => clearTimeout(timer))
      raw.once('close', () => clearTimeout(timer))
      reply.raw.once('finish', () => {
        clearTimeout(timer)
        if (!raw.complete) timer = setTimeout(refuseUnlessComplete, bodyMs)
      })
    }
    done()
  })
}

const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
