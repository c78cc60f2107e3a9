import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { claimPort, isPortFree } from '../src/claim-port.ts'

it('never gives the same port twice at a time', async () => {
  const claims = await Promise.all(Array.from({ length: 40 }, () => claimPort()))
  expect(new Set(claims.map(({ port }) => port)).size).toBe(40)
  for (const claim of claims) claim.release()
})

it('stays below the ports that systems use for outgoing connections', async () => {
  const { port, release } = await claimPort()
  expect(port).toBeGreaterThanOrEqual(15_000)
  expect(port).toBeLessThan(32_000)
  release()
})

it('tells a port that is free from one that is not', async () => {
  const { port, release } = await claimPort()
  expect(await isPortFree(port)).toBe(true)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  expect(await isPortFree(port)).toBe(false)
  await new Promise((resolve) => server.close(resolve))
  release()
})
