import { fork } from 'node:child_process'
import { once } from 'node:events'
import { textOf } from '@tradewind/launcher/http-api'
import { type Api, createApi } from './api.ts'

export interface BareRoute {
  readonly read: (id: string) => Promise<void>
  readonly stop: () => Promise<void>
}

/** A Fastify route with a schema and a token check, in a process of its own, and nothing behind it. */
export async function startBareRoute(): Promise<BareRoute> {
  const child = fork(new URL('bare-route-server.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [message]: unknown[] = await once(child, 'message')
  const api: Api = createApi(textOf(message, 'address'))
  const token = textOf(message, 'token')
  return {
    read: (id) => api.read(`/products/${id}`, 200, { token }),
    stop: async () => {
      api.close()
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
