import { newId } from '@tradewind/service-kit/ids'
import { expect } from 'vitest'
import type { Answer, AuthFixture } from './auth-fixture.ts'

export const password = 'correct horse battery staple'

export interface Person {
  readonly id: string
  readonly email: string
  readonly accessToken: string
  readonly refreshToken: string
}

/** The body of an answer as whoever asks expects it. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names what the test is about to read
export function bodyOf<T>({ body }: Pick<Answer, 'body'>): T {
  return JSON.parse(JSON.stringify(body))
}

/** Somebody new, signed in. */
export async function signUp(auth: AuthFixture): Promise<Person> {
  const email = `${newId('mail')}@example.org`
  const answer = await auth.post('/v1/auth/register', { email, password, name: 'Ada' })
  expect(answer.status).toBe(201)
  const { user, accessToken, refreshToken } = bodyOf<{
    user: { id: string }
    accessToken: string
    refreshToken: string
  }>(answer)
  return { id: user.id, email, accessToken, refreshToken }
}

/** Signs in again, with the roles that the account has by now. */
export async function signIn(auth: AuthFixture, { id, email }: Pick<Person, 'id' | 'email'>): Promise<Person> {
  const answer = await auth.post('/v1/auth/login', { email, password })
  expect(answer.status).toBe(200)
  return { id, email, ...bodyOf<{ accessToken: string; refreshToken: string }>(answer) }
}

/** The first admin of a system, by the environment. */
export async function signInAdmin(auth: AuthFixture, email = `${newId('mail')}@example.org`): Promise<Person> {
  await auth.app.ensureOperator({ email, password })
  const answer = await auth.post('/v1/auth/login', { email, password })
  const tokens = bodyOf<{ accessToken: string; refreshToken: string }>(answer)
  const me = bodyOf<{ id: string }>(await auth.call('/v1/auth/me', { token: tokens.accessToken }))
  return { id: me.id, email, ...tokens }
}
