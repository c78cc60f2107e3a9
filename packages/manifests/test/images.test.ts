import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { fieldsAt, listAt, textAt } from '../src/manifest.ts'

const root = resolve(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(resolve(root, path), 'utf8')
const pinned = parseEnv(read('infra/docker/base-images.env'))

it('pins every image that is not ours by its digest', () => {
  expect(Object.keys(pinned)).toHaveLength(6)
  for (const image of Object.values(pinned)) expect(image).toMatch(/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/)
})

it('names none of them a second time in the compose file', () => {
  const services = fieldsAt(parse(read('infra/compose.yaml'), { merge: true }), 'services')
  const others = Object.values(services)
    .map((service) => textAt(service, 'image'))
    .filter((image) => !image.startsWith('tradewind/'))
  expect(others).toHaveLength(5)
  for (const image of others) expect(pinned).toHaveProperty([/^\$\{(\w+)\}$/.exec(image)?.[1] ?? image])
})

it('names the same ones in k8s/', () => {
  const files = readdirSync(resolve(root, 'k8s'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.yaml'),
  )
  const used = files
    .flatMap((path) => [...read(`k8s/${path}`).matchAll(/image: (\S+)/g)].map(([, image = '']) => image))
    .filter((image) => !image.startsWith('tradewind/'))
  expect(used.length).toBeGreaterThan(3)
  for (const image of used) expect([pinned['MONGODB_IMAGE'], pinned['NATS_IMAGE']]).toContain(image)
  const local: unknown = parse(read('k8s/overlays/local/kustomization.yaml'))
  const carried = listAt(local, 'images').find((image) => textAt(image, 'name') === 'nats')
  expect(pinned['NATS_IMAGE']).toContain(`nats:${textAt(carried, 'newTag')}@`)
})
