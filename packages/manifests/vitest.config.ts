import shared from '@tradewind/testkit/vitest-config'
import { mergeConfig } from 'vitest/config'

export default mergeConfig(shared, {
  // GitHub's own check of workflows imports JSON as bundlers do and Node does not.
  test: { server: { deps: { inline: [/@actions\//] } } },
  // Its source maps point to files that it does not bring, which is told for each of them.
  logLevel: 'error',
})
