import net from 'node:net'
import { dispatch } from './commands/dispatch.ts'
import { MAX_CONNECTIONS } from './commands/server-info.ts'
import type { Instance } from './instance.ts'
import { Connection } from './wire/connection.ts'

export interface RunningServer {
  port: number
  /** Stops accepting, then ends every connection. Writes that were accepted are still flushed by the instance. */
  close(): Promise<void>
}

/** How long a connection may take to send what was answered when the server stops. */
const CLOSE_GRACE_MS = 2000

/** Listens for clients of one instance. */
export function listen(instance: Instance, host: string, port: number): Promise<RunningServer> {
  const open = new Set<Connection>()
  const server = net.createServer((socket) => {
    if (open.size >= MAX_CONNECTIONS) {
      instance.logger.warn(`connection refused: ${MAX_CONNECTIONS} are open`)
      socket.destroy()
      return
    }
    const connection = new Connection(
      socket,
      (request, from, reply) => dispatch(instance, request, from, reply),
      (error) => instance.logger.warn(`connection ended: ${String(error)}`),
      instance.network,
    )
    open.add(connection)
    instance.connections.current += 1
    instance.connections.totalCreated += 1
    connection.onClose(() => {
      open.delete(connection)
      instance.connections.current -= 1
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address()
      const bound = address !== null && typeof address === 'object' ? address.port : port
      resolve({ port: bound, close: () => closeServer(server, open, instance) })
    })
  })
}

function closeServer(server: net.Server, open: ReadonlySet<Connection>, instance: Instance): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
    for (const connection of open) connection.stopReading()
    // Whoever waits for a write gets the answer before the connection ends.
    instance.commit.drain().then(() => {
      for (const connection of open) connection.close()
      // A client that does not take its last answers does not keep the server up.
      setTimeout(() => {
        for (const connection of open) connection.destroy()
      }, CLOSE_GRACE_MS).unref()
    }, reject)
  })
}
