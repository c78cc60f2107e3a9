import { startBackgroundWork } from './background-work.ts'
import { Instance, type Logger } from './instance.ts'
import { listen } from './server.ts'

export type { Logger } from './instance.ts'
export { DataDirectoryError } from './storage/sqlite-file.ts'

export interface EmbeddedMongodbOptions {
  /** Where the data live; made when it is missing. One process at a time may use it. */
  dataDir: string
  /** 0 takes any free port. */
  port?: number
  /** Loopback unless told otherwise. There are no users and no passwords: whoever reaches the port may do everything. */
  host?: string
  logger?: Logger
}

export interface EmbeddedMongodb {
  /** A connection string for the official driver. */
  url: string
  port: number
  /** Stops accepting, flushes what was written, closes the files. */
  close(): Promise<void>
}

const SILENT: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * Starts a server that speaks MongoDB's wire protocol and keeps its data in `dataDir`.
 * Throws `DataDirectoryError` when the directory is in use or damaged, and the system's error when the port is taken.
 */
export async function startEmbeddedMongodb(options: EmbeddedMongodbOptions): Promise<EmbeddedMongodb> {
  const { dataDir, port = 0, host = '127.0.0.1', logger = SILENT } = options
  const instance = new Instance(dataDir, logger)
  try {
    const server = await listen(instance, host, port)
    instance.port = server.port
    if (!isLoopback(host))
      logger.warn(`listening on ${host}: anyone who reaches this port can read and change everything`)
    const background = startBackgroundWork(instance)
    const url = `mongodb://${isLoopback(host) ? host : '127.0.0.1'}:${server.port}/?directConnection=true`
    let closing: Promise<void> | undefined
    const close = async (): Promise<void> => {
      background.stop()
      await server.close()
      await instance.close()
    }
    return { url, port: server.port, close: () => (closing ??= close()) }
  } catch (error) {
    await instance.close()
    throw error
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
