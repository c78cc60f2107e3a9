import { defineConfig } from 'vitest/config'

// Some tests start processes, which takes longer than usual on a machine that does other things, too.
export default defineConfig({ test: { testTimeout: 30_000 } })
