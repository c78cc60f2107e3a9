import { Readable } from 'node:stream'
import { showUnsubscribeRoute, unsubscribeRoute } from '@tradewind/contracts/notifications'
import { implementRoute } from '@tradewind/service-kit/route'
import type { Unsubscribe } from '../use-cases/unsubscribe.ts'

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // The address holds the token.
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
}

/** Both languages at once: nobody has signed in here. */
const page = (body: string): Readable =>
  Readable.from([
    Buffer.from(
      `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Mails · E-Mails</title></head>\n<body>\n${body}</body>\n</html>\n`,
    ),
  ])

const question =
  '<p>Stop mails of this kind?</p>\n<p lang="de">Keine Mails dieser Art mehr senden?</p>\n' +
  '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Stop · Abbestellen</button></form>\n'
const done =
  '<p>You will get no more mails of this kind.</p>\n<p lang="de">Sie erhalten keine Mails dieser Art mehr.</p>\n'

/** Programs that look at every link of a mail come here, so that nothing may happen. */
export const showUnsubscribe = (unsubscribe: Unsubscribe) =>
  implementRoute(showUnsubscribeRoute, ({ query }) => {
    unsubscribe.check(query.token)
    return { status: 200, body: page(question), headers }
  })

export const postUnsubscribe = (unsubscribe: Unsubscribe) =>
  implementRoute(unsubscribeRoute, async ({ query, upload }) => {
    // The token says it all; the body only tells a person or a mail program from a link checker by its method.
    upload.stream.resume()
    await unsubscribe.carryOut(query.token)
    return { status: 200, body: page(done), headers }
  })
