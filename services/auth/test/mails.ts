import { eventually } from '@tradewind/testkit/eventually'
import { expect } from 'vitest'
import type { AuthFixture } from './auth-fixture.ts'
import { bodyOf } from './signed-in.ts'

/** The mails that were asked for, for one account, oldest first. */
export const mailsFor = (auth: AuthFixture, userId: string) =>
  auth.published
    .filter(({ type }) => type === 'auth.mail.requested.v1')
    .map(({ data }) => bodyOf<{ userId: string; kind: string; mailId: string }>({ body: data }))
    .filter((mail) => mail.userId === userId)

/** The latest mail of a kind, as whoever writes it gets to know it. */
export async function mailOf(auth: AuthFixture, userId: string, kind: string, count = 1) {
  const found = () => mailsFor(auth, userId).filter((mail) => mail.kind === kind)
  await eventually(() => found().length >= count)
  const mail = await auth.app.readAccountMail(userId, found().at(-1)?.mailId ?? '')
  if (mail === null) throw new Error(`the mail ${kind} is worth nothing any more`)
  return mail
}

/** The token in the link of the latest mail of a kind. */
export async function tokenOf(auth: AuthFixture, userId: string, kind: string, count = 1): Promise<string> {
  const { link = '' } = await mailOf(auth, userId, kind, count)
  expect(link).toMatch(/^https:\/\/shop\.example\/[a-z-]+#token=[A-Za-z0-9_.-]+$/)
  return link.split('#token=')[1] ?? ''
}
