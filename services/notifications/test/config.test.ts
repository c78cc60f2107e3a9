import { expectConfigTable } from '@tradewind/service-kit/testing'
import { expect, test } from 'vitest'
import { settings } from '../src/config.ts'

test('the settings are described in the README', async () => {
  await expect(expectConfigTable(new URL('../README.md', import.meta.url), settings)).resolves.toBeUndefined()
})
