import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { fieldsAt, listAt, textAt } from '../src/manifest.ts'
import { settings } from './settings.ts'

const file = resolve(import.meta.dirname, '../../../infra/compose.yaml')

it('gives every service of the compose file what it needs, and nothing that it does not know', async () => {
  const compose: unknown = parse(await readFile(file, 'utf8'), { merge: true })
  for (const [service, schema] of Object.entries(settings)) {
    const given = Object.keys(fieldsAt(compose, 'services', service, 'environment'))
    const required = new Set<string>(schema.required)
    const needed = Object.entries(schema.properties)
      .filter(([name, property]) => required.has(name) && !('default' in property))
      .map(([name]) => name)
    const missing = needed.filter((name) => !given.includes(name))
    const unknown = given.filter((name) => !(name in schema.properties))
    expect({ service, missing, unknown }).toEqual({ service, missing: [], unknown: [] })
  }
})

it('runs services that can write nothing and hold no capability', async () => {
  const compose: unknown = parse(await readFile(file, 'utf8'), { merge: true })
  for (const service of Object.keys(settings)) {
    const described = fieldsAt(compose, 'services', service)
    expect(described).toMatchObject({ read_only: true, cap_drop: ['ALL'] })
    expect(textAt(described, 'image')).toBe(`tradewind/${service}:local`)
  }
})

it('lets Prometheus ask every service', async () => {
  const compose: unknown = parse(await readFile(file, 'utf8'), { merge: true })
  const prometheus: unknown = parse(await readFile(resolve(file, '../prometheus/prometheus.yml'), 'utf8'))
  const targets = listAt(prometheus, 'scrape_configs').flatMap((job) =>
    listAt(job, 'static_configs').flatMap((one) => listAt(one, 'targets').map(String)),
  )
  const adminPorts = Object.keys(settings).map(
    (service) => `${service}:${textAt(compose, 'services', service, 'environment', 'ADMIN_PORT')}`,
  )
  expect(new Set(targets)).toEqual(new Set(adminPorts))
})
