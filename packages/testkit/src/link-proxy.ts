import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** From the one who connects to the one who is connected to, or the way back. */
export type Direction = 'forth' | 'back'

/** What is wrong with a link for as long as it lasts. New connections meet it, too. */
export type LinkFault =
  /** Nothing comes through this way; what was sent arrives once the fault is over, as after a partition. */
  | { readonly kind: 'stalled'; readonly direction: Direction }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'narrow'; readonly bytesPerSecond: number }
  /** The other side is gone without a word: what is sent vanishes, and is reset once the fault is over. */
  | { readonly kind: 'half-open' }

/** Springs once, when its bytes are on their way forth. */
export interface Trap {
  /** Bytes that may lie anywhere, or a look at what was just sent at once. */
  readonly pattern: Buffer | ((sent: Buffer) => boolean)
  /** Before they are forwarded, or once they have arrived and the answer is on its way back. Nothing passes any more. */
  readonly moment: 'before' | 'after'
  readonly spring: () => void
}

export interface LinkProxy {
  readonly port: number
  /** What is wrong from now on; undefined when nothing is. */
  readonly set: (fault: LinkFault | undefined) => void
  /** Leads new connections to another port; those that exist stay where they are. */
  readonly retarget: (port: number) => void
  /** Resets every connection of this moment. */
  readonly reset: () => void
  /** Sets a trap; returns how to take it away. */
  readonly trap: (trap: Trap) => () => void
  readonly close: () => Promise<void>
}

interface Connection {
  readonly client: Socket
  readonly server: Socket
  /** Nothing passes any more, either way. */
  isCut: boolean
  sprung?: (() => void) | undefined
}

/** How long an answer is waited for that would show that the bytes have arrived; an acknowledgement has none. */
const answerMs = 50
/** A pattern may lie across two reads. */
const longestPattern = 256

/** A TCP proxy on loopback between a service and what it depends on, with everything that may go wrong with a connection. */
export async function startLinkProxy(port: number): Promise<LinkProxy> {
  let targetPort = port
  const connections = new Set<Connection>()
  const traps = new Set<Trap>()
  let fault: LinkFault | undefined
  let changed = Promise.withResolvers<void>()

  /** Resolves when bytes may go on their way; to false when they are lost. */
  async function passage(connection: Connection, direction: Direction, bytes: number): Promise<boolean> {
    while (fault?.kind === 'stalled' && fault.direction === direction) await changed.promise
    if (fault?.kind === 'half-open') connection.isCut = true
    if (fault?.kind === 'slow') await delay(fault.ms)
    if (fault?.kind === 'narrow') await delay((bytes / fault.bytesPerSecond) * 1000)
    return !connection.isCut
  }

  function trapFor(bytes: Buffer, sent: Buffer): Trap | undefined {
    for (const trap of traps) {
      const { pattern } = trap
      if (!(typeof pattern === 'function' ? pattern(sent) : bytes.includes(pattern))) continue
      traps.delete(trap)
      return trap
    }
    return undefined
  }

  /** True when the bytes may be forwarded. */
  function pastTraps(connection: Connection, bytes: Buffer, sent: Buffer): boolean {
    const trap = traps.size === 0 ? undefined : trapFor(bytes, sent)
    if (trap === undefined) return true
    if (trap.moment === 'before') {
      connection.isCut = true
      trap.spring()
      return false
    }
    const spring = () => {
      if (connection.sprung === undefined) return
      connection.sprung = undefined
      connection.isCut = true
      trap.spring()
    }
    connection.sprung = spring
    setTimeout(spring, answerMs)
    return true
  }

  async function pump(connection: Connection, direction: Direction): Promise<void> {
    const [from, to] =
      direction === 'forth' ? [connection.client, connection.server] : [connection.server, connection.client]
    let tail: Buffer = Buffer.alloc(0)
    for await (const chunk of from) {
      const bytes: Buffer = chunk
      if (direction === 'back') connection.sprung?.()
      if (!(await passage(connection, direction, bytes.length))) continue
      if (direction === 'forth' && traps.size > 0) {
        const seen = Buffer.concat([tail, bytes])
        tail = Buffer.from(seen.subarray(-longestPattern))
        if (!pastTraps(connection, seen, bytes)) continue
      }
      if (to.destroyed) return
      if (!to.write(bytes)) await Promise.race([once(to, 'drain'), once(to, 'close')])
    }
    if (!connection.isCut) to.end()
  }

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    const connection: Connection = { client, server: upstream, isCut: false }
    connections.add(connection)
    const end = () => {
      connections.delete(connection)
      client.destroy()
      upstream.destroy()
    }
    // Whoever is behind is away, or one side broke off: the other hears of it.
    const breakOff = () => {
      if (!connection.isCut) client.resetAndDestroy()
      end()
    }
    upstream.once('error', breakOff)
    client.once('error', end)
    client.once('close', end)
    upstream.once('close', () => {
      if (!connection.isCut) end()
    })
    for (const direction of ['forth', 'back'] as const) pump(connection, direction).catch(breakOff)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen on a port')

  const reset = (which: (connection: Connection) => boolean) => {
    for (const connection of connections) if (which(connection)) connection.client.resetAndDestroy()
  }
  return {
    port: address.port,
    set: (next) => {
      fault = next
      changed.resolve()
      changed = Promise.withResolvers()
      if (next === undefined) reset(({ isCut }) => isCut)
    },
    retarget: (next) => {
      targetPort = next
    },
    reset: () => reset(() => true),
    trap: (trap) => {
      traps.add(trap)
      return () => traps.delete(trap)
    },
    close: async () => {
      changed.resolve()
      fault = undefined
      for (const { client, server: upstream } of connections) {
        client.destroy()
        upstream.destroy()
      }
      server.close()
      await once(server, 'close')
    },
  }
}
