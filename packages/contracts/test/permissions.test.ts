import { expect, test } from 'vitest'
import { delegable, forMachines, permissionNames, permissionsOf, roleNames } from '../src/permissions.ts'

const of = (roles: string[], scope?: string[]) => [...permissionsOf(roles, scope)].toSorted()

test('support reads and answers, and touches neither stock nor catalogue nor money', () => {
  const support = permissionsOf(['support'])
  for (const name of [
    'orders:read:any',
    'payments:read',
    'notifications:read',
    'orders:note',
    'returns:decide',
  ] as const)
    expect([name, support.has(name)]).toEqual([name, true])
  const refused = permissionNames.filter((name) =>
    /^(stock|catalogue|jobs|roles|users|keys|clients|audit)|payments:write/.test(name),
  )
  expect(refused.filter((name) => support.has(name))).toEqual([])
})

test('operators run the shop and do not say who may', () => {
  const operator = permissionsOf(['operator'])
  const missing = permissionNames.filter((name) => !operator.has(name))
  expect(missing).toEqual([
    'users:read',
    'users:write',
    'roles:write',
    'clients:read',
    'clients:write',
    'keys:read',
    'keys:write',
    'audit:read',
  ])
})

test('a scope narrows and never widens', () => {
  expect(of(['customer'], ['stock:write', 'own:use'])).toEqual(['own:use'])
  expect(of(['operator'], ['stock:write', 'keys:write'])).toEqual(['stock:write'])
  expect(of(['operator'], [])).toEqual([])
  for (const role of roleNames)
    for (const name of permissionsOf([role], [...permissionNames])) expect(permissionsOf([role]).has(name)).toBe(true)
})

test('a scope hands on nothing that makes more of itself', () => {
  expect(of(['admin'], [...permissionNames])).toEqual([...delegable].toSorted())
  for (const name of ['account:manage', 'roles:write', 'clients:write'] as const) expect(delegable).not.toContain(name)
})

test('a machine may what its scope names, is nobody, and may nothing without one', () => {
  expect(of(['machine'])).toEqual([])
  expect(of(['machine'], ['stock:write', 'own:use', 'account:manage'])).toEqual(['stock:write'])
  expect(forMachines).not.toContain('own:use')
})

test('unknown roles and names give nothing', () => {
  expect(of(['__proto__', 'constructor', 'root'], ['toString', ''])).toEqual([])
  expect(of(['root', 'toString'])).toEqual([])
})
