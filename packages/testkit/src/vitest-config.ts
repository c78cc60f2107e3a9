import { defineConfig } from 'vitest/config'

/**
 * For packages whose tests start real servers: more time per test, as a whole system may share two cores. A package takes
 * it with `export { default } from '@tradewind/testkit/vitest-config'` in its vitest.config.ts.
 */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
