import { expect, test } from 'vitest'
import {
  accessVersionOf,
  createAccount,
  grantRoles,
  PasswordIsEmail,
  refuseEmailAsPassword,
  setRoles,
} from './account.ts'
import { normaliseEmail } from './email.ts'

test.each([
  ['Ada@Example.ORG', 'ada@example.org'],
  [' ada@example.org ', 'ada@example.org'],
  ['ａｄａ@example.org', 'ada@example.org'],
])('spells %j as %j', (given, spelled) => {
  expect(normaliseEmail(given)).toBe(spelled)
})

test('refuses the address as the password, however it is spelled', () => {
  expect(() => refuseEmailAsPassword('ada@example.org', 'ADA@example.org ')).toThrow(
    expect.objectContaining({ code: PasswordIsEmail.code }),
  )
  expect(() => refuseEmailAsPassword('ada@example.org', 'ada@example.org!')).not.toThrow()
})

test('grants a role once', () => {
  const account = createAccount({
    id: 'usr_1',
    email: 'A@b.org',
    name: ' Ada ',
    roles: ['customer'],
    passwordHash: 'x',
  })
  expect(account).toMatchObject({ email: 'a@b.org', name: 'Ada', roles: ['customer'], emailVerified: false })
  const operator = grantRoles(account, 'operator', 'customer')
  expect(operator.roles).toEqual(['customer', 'operator'])
  expect(grantRoles(operator, 'operator')).toBe(operator)
})

test('counts the changes of roles, so that older tokens can be told', () => {
  const account = createAccount({ id: 'usr_1', email: 'a@b.org', name: 'Ada', roles: ['customer'], passwordHash: 'x' })
  const support = setRoles(account, ['support', 'customer'])
  expect([accessVersionOf(account), accessVersionOf(support)]).toEqual([0, 1])
  expect(setRoles(support, ['customer', 'support'])).toBe(support)
  expect(accessVersionOf(setRoles(support, ['customer']))).toBe(2)
})
