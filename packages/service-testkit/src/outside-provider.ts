import { once } from 'node:events'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

export interface Person {
  readonly email?: string
  readonly email_verified?: boolean
  readonly name?: string
}

/** Another provider, as it runs elsewhere, with pages on which somebody signs in as whoever he says. */
export interface OutsideProvider {
  readonly issuer: string
  readonly people: Map<string, Person>
  /** Goes where the system sent the browser, signs in there, agrees, and returns where the provider sends it back to. */
  readonly visit: (url: string, subject: string) => Promise<URL>
  readonly stop: () => Promise<void>
}

export const client = { clientId: 'tradewind', clientSecret: 'a secret of the other provider' }

export async function startOutsideProvider(redirectUri: string): Promise<OutsideProvider> {
  const people = new Map<string, Person>()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the provider does not listen')
  const issuer = `http://127.0.0.1:${address.port}`
  const provider = new Provider(issuer, {
    clients: [{ client_id: client.clientId, client_secret: client.clientSecret, redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
    cookies: { keys: ['a key of the other provider'] },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function visit(start: string, subject: string): Promise<URL> {
    const jar = new Map<string, string>()
    const go = async (url: URL, form?: Record<string, string>) => {
      const response = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
      })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        jar.set(name, value)
      }
      return response
    }
    let url = new URL(start)
    let form: Record<string, string> | undefined
    for (let step = 0; step < 12; step += 1) {
      const response = await go(url, form)
      form = undefined
      const location = response.headers.get('location')
      if (location !== null) {
        url = new URL(location, url)
        if (url.href.startsWith(redirectUri)) return url
        continue
      }
      const page = await response.text()
      const prompt = /name="prompt" value="([a-z]+)"/.exec(page)?.[1]
      if (prompt === undefined) throw new Error(`the provider shows no form: ${response.status} ${page.slice(0, 500)}`)
      form = { prompt, login: subject, password: 'any' }
    }
    throw new Error('the provider does not send back')
  }

  return {
    issuer,
    people,
    visit,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
