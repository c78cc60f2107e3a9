export { default } from '@tradewind/testkit/vitest-config'
