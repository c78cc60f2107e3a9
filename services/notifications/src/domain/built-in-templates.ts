import type { Locale, Template, Words } from './mail-template.ts'

const lines = '{{#lines}}\n  {{quantity}} × {{title}}: {{total}}\n{{/lines}}\n'
const units = '{{#lines}}\n  {{quantity}} × {{title}}\n{{/lines}}\n'
const linesHtml =
  '<ul>\n{{#lines}}\n<li>{{quantity}} × {{title}}: {{total}}</li>\n{{/lines}}\n</ul>\n<p>{{totalWord}}: <strong>{{total}}</strong></p>\n'
const unitsHtml = '<ul>\n{{#lines}}\n<li>{{quantity}} × {{title}}</li>\n{{/lines}}\n</ul>\n'
const reason = '{{#reason}}\n{{reason}}\n{{/reason}}\n'
const reasonHtml = '{{#reason}}\n<p>{{reason}}</p>\n{{/reason}}\n'

interface Sentences {
  readonly total: string
  readonly parcel: string
  readonly follow: string
  readonly stop: string
}

const sentences: Readonly<Record<Locale, Sentences>> = {
  en: { total: 'Total', parcel: 'Parcel', follow: 'Follow it', stop: 'No more mails of this kind' },
  de: { total: 'Summe', parcel: 'Sendung', follow: 'Verfolgen', stop: 'Keine Mails dieser Art mehr' },
}

const page = (locale: Locale, body: string): string =>
  `<!doctype html>\n<html lang="${locale}">\n<head><meta charset="utf-8"><title>{{number}}</title></head>\n<body>\n${body}</body>\n</html>\n`

const stopText = ({ stop }: Sentences) => `{{#unsubscribeUrl}}\n\n${stop}: {{unsubscribeUrl}}\n{{/unsubscribeUrl}}\n`
const stopHtml = ({ stop }: Sentences) =>
  `{{#unsubscribeUrl}}\n<p><small><a href="{{unsubscribeUrl}}">${stop}</a></small></p>\n{{/unsubscribeUrl}}\n`

type Make = (locale: Locale, subject: string, opening: string) => Words

/** An order with its lines and its total. */
const order: Make = (locale, subject, opening) => {
  const { total } = sentences[locale]
  return {
    subject,
    text: `${opening}\n${reason}\n${lines}\n  ${total}: {{total}}\n`,
    html: page(locale, `<p>${opening}</p>\n${reasonHtml}${linesHtml.replace('{{totalWord}}', total)}`),
  }
}

const edited: Make = (locale, subject, opening) => {
  const words = sentences[locale]
  return {
    subject,
    text: `${opening}\n\n${lines}\n  ${words.total}: {{total}}\n${stopText(words)}`,
    html: page(locale, `<p>${opening}</p>\n${linesHtml.replace('{{totalWord}}', words.total)}${stopHtml(words)}`),
  }
}

const confirmed: Make = (locale, subject, opening) => {
  const { total } = sentences[locale]
  return {
    subject,
    text: `${opening}\n\n${lines}\n  ${total}: {{total}}\n`,
    html: page(locale, `<p>${opening}</p>\n${linesHtml.replace('{{totalWord}}', total)}`),
  }
}

const shipped: Make = (locale, subject, opening) => {
  const words = sentences[locale]
  return {
    subject,
    text: `${opening}\n\n${units}{{#tracking}}\n\n${words.parcel}: {{carrier}} {{code}}\n{{#url}}\n{{url}}\n{{/url}}\n{{/tracking}}\n${stopText(words)}`,
    html: page(
      locale,
      `<p>${opening}</p>\n${unitsHtml}{{#tracking}}\n<p>${words.parcel}: {{carrier}} {{code}}{{#url}} <a href="{{url}}">${words.follow}</a>{{/url}}</p>\n{{/tracking}}\n${stopHtml(words)}`,
    ),
  }
}

const short: Make = (locale, subject, opening) => {
  const words = sentences[locale]
  return {
    subject,
    text: `${opening}\n${stopText(words)}`,
    html: page(locale, `<p>${opening}</p>\n${stopHtml(words)}`),
  }
}

const refusedReturn: Make = (locale, subject, opening) => {
  const words = sentences[locale]
  return {
    subject,
    text: `${opening}\n${reason}${stopText(words)}`,
    html: page(locale, `<p>${opening}</p>\n${reasonHtml}${stopHtml(words)}`),
  }
}

const refunded: Make = (locale, subject, opening) => ({
  subject,
  text: `${opening}\n`,
  html: page(locale, `<p>${opening}</p>\n`),
})

/** About an account: nothing of an order stands in it. */
const pageOf = (locale: Locale, title: string, body: string): string =>
  page(locale, body).replace('<title>{{number}}</title>', `<title>${title}</title>`)

const greetings: Readonly<Record<Locale, string>> = { en: 'Hello {{name}},', de: 'Guten Tag {{name}},' }

/** The link is shown and not only behind a word, since it may be a token to be typed. */
const withLink: Make = (locale, subject, opening) => ({
  subject,
  text: `${greetings[locale]}\n\n${opening}\n\n{{link}}\n`,
  html: pageOf(
    locale,
    subject,
    `<p>${greetings[locale]}</p>\n<p>${opening}</p>\n<p><a href="{{link}}">{{link}}</a></p>\n`,
  ),
})

const news: Make = (locale, subject, opening) => ({
  subject,
  text: `${greetings[locale]}\n\n${opening}\n`,
  html: pageOf(locale, subject, `<p>${greetings[locale]}</p>\n<p>${opening}</p>\n`),
})

interface Openings {
  readonly make: Make
  /** Subject and first sentence. A language that is missing here falls back to English. */
  readonly en: readonly [subject: string, opening: string]
  readonly de?: readonly [subject: string, opening: string]
}

const openings: Readonly<Record<Template, Openings>> = {
  'order-confirmed': {
    make: confirmed,
    en: ['Your order {{number}} is confirmed', 'Thank you. Your order {{number}} is confirmed and paid for.'],
    de: ['Ihre Bestellung {{number}} ist bestätigt', 'Danke. Ihre Bestellung {{number}} ist bestätigt und bezahlt.'],
  },
  'order-rejected': {
    make: order,
    en: [
      'Your order {{number}} could not be accepted',
      'We are sorry: your order {{number}} could not be accepted. Nothing was charged.',
    ],
    de: [
      'Ihre Bestellung {{number}} konnte nicht angenommen werden',
      'Es tut uns leid: Ihre Bestellung {{number}} konnte nicht angenommen werden. Es wurde nichts abgebucht.',
    ],
  },
  'order-cancelled': {
    make: order,
    en: ['Your order {{number}} is cancelled', 'Your order {{number}} is cancelled.'],
    de: ['Ihre Bestellung {{number}} ist storniert', 'Ihre Bestellung {{number}} ist storniert.'],
  },
  'order-expired': {
    make: order,
    en: ['Your order {{number}} has expired', 'Your order {{number}} has expired.'],
    de: ['Ihre Bestellung {{number}} ist verfallen', 'Ihre Bestellung {{number}} ist verfallen.'],
  },
  'order-edited': {
    make: edited,
    en: ['Your order {{number}} was changed', 'Your order {{number}} was changed. It now reads:'],
    de: ['Ihre Bestellung {{number}} wurde geändert', 'Ihre Bestellung {{number}} wurde geändert. Sie lautet nun:'],
  },
  'fulfilment-shipped': {
    make: shipped,
    en: ['Your order {{number}} is on its way', 'This part of your order {{number}} is on its way:'],
    de: ['Ihre Bestellung {{number}} ist unterwegs', 'Dieser Teil Ihrer Bestellung {{number}} ist unterwegs:'],
  },
  'fulfilment-delivered': {
    make: short,
    en: ['Your order {{number}} has arrived', 'A parcel of your order {{number}} was delivered.'],
    de: ['Ihre Bestellung {{number}} ist angekommen', 'Eine Sendung Ihrer Bestellung {{number}} wurde zugestellt.'],
  },
  'return-approved': {
    make: short,
    en: ['Your return of order {{number}}', 'You may send back what you named of your order {{number}}.'],
    de: [
      'Ihre Rücksendung zu {{number}}',
      'Sie können zurücksenden, was Sie aus Bestellung {{number}} angegeben haben.',
    ],
  },
  'return-rejected': {
    make: refusedReturn,
    en: ['Your return of order {{number}}', 'We cannot take back what you named of your order {{number}}.'],
    de: [
      'Ihre Rücksendung zu {{number}}',
      'Wir können nicht zurücknehmen, was Sie aus Bestellung {{number}} angegeben haben.',
    ],
  },
  'return-refunded': {
    make: refunded,
    en: ['Your refund for order {{number}}', '{{amount}} for your return of order {{number}} went back to your card.'],
    de: [
      'Ihre Erstattung zu {{number}}',
      '{{amount}} für Ihre Rücksendung zu Bestellung {{number}} gingen auf Ihre Karte zurück.',
    ],
  },
  'verify-email': {
    make: withLink,
    en: ['Verify your e-mail address', 'please show that this is your address. The link is good for a day:'],
    de: [
      'Bestätigen Sie Ihre E-Mail-Adresse',
      'bitte bestätigen Sie, dass dies Ihre Adresse ist. Der Link gilt einen Tag:',
    ],
  },
  'reset-password': {
    make: withLink,
    en: [
      'A new password',
      'here you choose a new password. The link is good for half an hour. If you did not ask for it, nothing changes:',
    ],
    de: [
      'Ein neues Passwort',
      'hier wählen Sie ein neues Passwort. Der Link gilt eine halbe Stunde. Falls Sie ihn nicht angefordert haben, ändert sich nichts:',
    ],
  },
  'password-changed': {
    make: news,
    en: ['Your password was changed', 'your password was changed. If that was not you, ask for a new one at once.'],
    de: [
      'Ihr Passwort wurde geändert',
      'Ihr Passwort wurde geändert. Falls Sie das nicht waren, fordern Sie sofort ein neues an.',
    ],
  },
  'email-changed': {
    make: news,
    en: [
      'Your account has another e-mail address',
      'your account has another e-mail address from now on. If that was not you, write to us at once.',
    ],
    de: [
      'Ihr Konto hat eine andere E-Mail-Adresse',
      'Ihr Konto hat ab jetzt eine andere E-Mail-Adresse. Falls Sie das nicht waren, schreiben Sie uns sofort.',
    ],
  },
  'second-factor-changed': {
    make: news,
    en: [
      'The way you sign in has changed',
      'a second factor or a passkey of your account was added or removed. If that was not you, change your password at once.',
    ],
    de: [
      'Ihre Anmeldung hat sich geändert',
      'Ein zweiter Faktor oder ein Passkey Ihres Kontos kam hinzu oder wurde entfernt. Falls Sie das nicht waren, ändern Sie sofort Ihr Passwort.',
    ],
  },
  'registration-attempted': {
    make: news,
    en: [
      'You have an account already',
      'somebody tried to open an account with this address, which has one. If that was you, sign in, or ask for a new password. If not, there is nothing to do.',
    ],
    de: [
      'Sie haben schon ein Konto',
      'Jemand wollte ein Konto mit dieser Adresse eröffnen, die schon eines hat. Wenn Sie das waren, melden Sie sich an oder lassen Sie sich ein neues Passwort geben. Wenn nicht, müssen Sie nichts tun.',
    ],
  },
}

/** The words that are used until an operator publishes others; English where a language has none. */
export function builtInWords(template: Template, locale: Locale): Words {
  const { make, en, [locale]: own } = openings[template]
  const [subject, opening] = own ?? en
  return make(own === undefined ? 'en' : locale, subject, opening)
}
