import { defineError } from '@tradewind/service-kit/errors'

export type LetterKind =
  | 'verify-email'
  | 'reset-password'
  | 'password-changed'
  | 'email-changed'
  | 'second-factor-changed'
  | 'registration-attempted'

/** A mail to an account, with what its link is made from. The link itself is stored nowhere. */
export interface Letter {
  readonly id: string
  readonly kind: LetterKind
  /** Where it goes: the address that is asked about, which need not be the account's yet. */
  readonly to: string
  /** 256 random bits, and the name of the key that makes the token of them. */
  readonly nonce: string
  readonly keyId: string
  readonly createdAt: Date
  /** Until when its link is good, or until when it is worth sending where it has none. */
  readonly expiresAt: Date
}

export const InvalidMailToken = defineError(
  'AUTH_INVALID_MAIL_TOKEN',
  'invalid',
  'The link was used, has expired, or was replaced by a later one. Ask for another.',
)
export const MailTooSoon = defineError(
  'AUTH_MAIL_TOO_SOON',
  'too-many-requests',
  'Such a mail was sent a moment ago. Look for it, or try again in a minute.',
)

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** A letter of one kind is written at most this often. */
export const letterIntervalMs = minuteMs
/** Kept at once; links of a kind replace each other, so only news can come to more. */
export const maxLetters = 20

const lifetimesMs: Readonly<Record<LetterKind, number>> = {
  'verify-email': dayMs,
  'reset-password': 30 * minuteMs,
  'password-changed': 7 * dayMs,
  'email-changed': 7 * dayMs,
  'second-factor-changed': 7 * dayMs,
  'registration-attempted': dayMs,
}

export const hasLink = (kind: LetterKind): kind is 'verify-email' | 'reset-password' =>
  kind === 'verify-email' || kind === 'reset-password'

export const createLetter = (letter: Omit<Letter, 'createdAt' | 'expiresAt'>, now: Date): Letter => ({
  ...letter,
  createdAt: now,
  expiresAt: new Date(now.getTime() + lifetimesMs[letter.kind]),
})

/** Adds a letter. Of the links of one kind only the latest is good. */
export function addLetter(letters: readonly Letter[], letter: Letter): readonly Letter[] {
  const others = letters.filter(
    ({ kind, expiresAt }) => expiresAt > letter.createdAt && !(hasLink(kind) && kind === letter.kind),
  )
  return [...others, letter].slice(-maxLetters)
}

/** True when a letter of this kind was written a moment ago. */
export const isTooSoon = (letters: readonly Letter[], kind: LetterKind, now: Date): boolean =>
  letters.some((letter) => letter.kind === kind && letter.createdAt.getTime() > now.getTime() - letterIntervalMs)

/** The letter with this id, unless its time is up. */
export const findLetter = (letters: readonly Letter[], id: string, now: Date): Letter | undefined =>
  letters.find((letter) => letter.id === id && letter.expiresAt > now)
