import { expect, test } from 'vitest'
import { createKeyring, keyListFaults } from '../src/keyring.ts'
import { createSeal } from '../src/sealing.ts'

const keyOf = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`
const [old, current] = [keyOf('k1', 1), keyOf('k2', 2)]
const sealWith = (keys: string, purpose = 'a purpose') => createSeal(createKeyring(keys, purpose))
const secret = Buffer.from('nobody may know')

test('opens what it sealed, also after another key came before it', () => {
  const sealed = sealWith(old).seal('one', secret)
  expect(sealed).not.toContain(secret.toString('base64url'))
  const both = sealWith(`${current},${old}`)
  expect(both.open('one', sealed)).toEqual(secret)
  expect([both.isCurrent(sealed), both.isCurrent(both.seal('one', secret))]).toEqual([false, true])
  expect(() => sealWith(current).open('one', sealed)).toThrow('key k1, which is not configured')
})

test('opens for its owner and its purpose only, and not when anything of it was changed', () => {
  const sealed = sealWith(old).seal('one', secret)
  expect(() => sealWith(old).open('two', sealed)).toThrow(/authenticate/)
  expect(() => sealWith(old, 'another purpose').open('one', sealed)).toThrow(/authenticate/)
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  for (const place of [0, 12, 28, bytes.length - 1]) {
    const forged = Buffer.from(bytes)
    forged.writeUInt8(forged.readUInt8(place) ^ 1, place)
    expect(() => sealWith(old).open('one', `k1.${forged.toString('base64url')}`)).toThrow(/authenticate/)
  }
})

test('finds a list that names two keys alike', () => {
  expect(keyListFaults('KEYS', `${old},${current}`)).toEqual([])
  expect(keyListFaults('KEYS', `${old},${keyOf('k1', 3)}`)).toEqual(['KEYS names two keys alike'])
})
