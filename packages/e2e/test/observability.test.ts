import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Order } from '@tradewind/contracts/orders'
import { launch } from '@tradewind/launcher/process'
import { eventually } from '@tradewind/testkit/eventually'
import { freePort } from '@tradewind/testkit/nats-container'
import { type ReceivedSpan, receiveSpans, type SpanReceiver } from '@tradewind/testkit/span-receiver'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

const root = resolve(import.meta.dirname, '../../..')
const processes = ['gateway', 'auth', 'inventory', 'orders', 'payments', 'notifications'] as const

let receiver: SpanReceiver
let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  receiver = await receiveSpans()
  system = await runSystem({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint })
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(async () => {
  await system.end()
  await receiver.close()
})

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callersSpan = '00f067aa0ba902b7'

/** From the span up to the one that the client said it came from. */
function pathOf(span: ReceivedSpan, spans: readonly ReceivedSpan[]): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId)
  const step = `${span.service} ${span.name}`
  return parent === undefined ? [step, span.parentSpanId ?? 'no parent'] : [step, ...pathOf(parent, spans)]
}

test('one order is one trace, from the gateway through every service and the broker to the mail', async () => {
  const { sku } = await shop.newProduct({ units: 5 })
  const { token } = await shop.newCustomer()
  const placed = await shop.call('/v1/orders', {
    method: 'POST',
    token,
    headers: { 'idempotency-key': 'traced', traceparent: `00-${traceId}-${callersSpan}-01` },
    body: { lines: [{ sku, quantity: 1 }], paymentMethod: 'pm_approve' },
  })
  const { id } = shaped(Order, placed)
  await shop.untilTold(token, id, 'notifications.notification.sent')
  const last = await eventually(() =>
    receiver.spans.find(
      (span) =>
        span.traceId === traceId &&
        span.service === 'orders' &&
        span.name === 'process notifications.notification.sent.v1',
    ),
  )
  const path = await eventually(() => {
    const found = pathOf(last, receiver.spans)
    return found.at(-1) === callersSpan ? found : undefined
  })
  expect(path.toReversed()).toEqual([
    callersSpan,
    'gateway POST /v1/orders',
    'orders POST /v1/orders',
    'orders publish orders.order.placed.v1',
    'inventory process orders.order.placed.v1',
    'inventory publish inventory.reservation.held.v1',
    'orders process inventory.reservation.held.v1',
    'orders publish orders.order.reserved.v1',
    'payments process orders.order.reserved.v1',
    'payments publish payments.payment.authorized.v1',
    'orders process payments.payment.authorized.v1',
    'orders publish orders.order.authorized.v1',
    'inventory process orders.order.authorized.v1',
    'inventory publish inventory.reservation.committed.v1',
    'orders process inventory.reservation.committed.v1',
    'orders publish orders.order.confirmed.v1',
    'notifications process orders.order.confirmed.v1',
    'notifications publish notifications.notification.sent.v1',
    'orders process notifications.notification.sent.v1',
  ])
  const ofTrace = await eventually(() => {
    const found = receiver.spans.filter((span) => span.traceId === traceId)
    return new Set(found.map(({ service }) => service)).size === processes.length ? found : undefined
  })
  expect(ofTrace.filter((span) => BigInt(span.endTimeUnixNano) < BigInt(span.startTimeUnixNano))).toEqual([])
  // A log line of any service leads to it.
  const timeline = await shop.readTimeline(token, id)
  expect(new Set(timeline.map((entry) => entry.traceId))).toEqual(new Set([traceId]))
})

test('spans tell nothing of persons', async () => {
  const { token, email } = await shop.newCustomer()
  await shop.call(`/v1/auth/me?about=${encodeURIComponent(email)}`, { token })
  await eventually(() => receiver.spans.some(({ name }) => name === 'GET /v1/auth/me'))
  const sent = JSON.stringify(receiver.spans)
  for (const secret of [email, encodeURIComponent(email), token]) expect(sent).not.toContain(secret)
})

interface Metric {
  readonly name: string
  readonly type: string
  readonly help: string
}

/** What the process shows to Prometheus now. */
async function metricsOf(name: (typeof processes)[number]): Promise<string> {
  const response = await fetch(`${system.component(name).adminUrl}/metrics`)
  expect(response.status).toBe(200)
  return await response.text()
}

const described = (exposition: string): Metric[] =>
  [...exposition.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name = '', help = '', type = '']) => ({
    name,
    help,
    type,
  }))

/** Those of Node.js and of the process are the library's and change with it. */
const isOwn = ({ name }: Metric) => !/^(nodejs|process)_/.test(name)

const allMetrics = async () =>
  await Promise.all(processes.map(async (service) => ({ service, metrics: described(await metricsOf(service)) })))

test('docs/metrics.md lists what the services measure', async () => {
  const file = resolve(root, 'docs/metrics.md')
  const found = new Map<string, Metric & { services: string[] }>()
  for (const { service, metrics } of await allMetrics()) {
    for (const metric of metrics.filter(isOwn)) {
      const known = found.get(metric.name) ?? { ...metric, services: [] }
      found.set(metric.name, { ...known, services: [...known.services, service] })
    }
  }
  const rows = [...found.values()]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, services, help }) => [
      `\`${name}\``,
      type,
      services.length === processes.length ? 'all' : services.join(', '),
      help,
    ])
  const table = [['Metric', 'Type', 'Services', 'Meaning'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`
  const [head = [], ...body] = table
  const written = [line(head, ' '), line(['', '', '', ''], '-'), ...body.map((row) => line(row, ' '))].join('\n')
  const text = await readFile(file, 'utf8')
  const expected = text.replace(
    /<!-- metrics -->[^]*<!-- metrics -->/,
    () => `<!-- metrics -->\n\n${written}\n\n<!-- metrics -->`,
  )
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(file, expected)
  expect(await readFile(file, 'utf8')).toBe(expected)
})

/** Names of metrics in an expression of PromQL: what is left when labels, ranges, groupings, functions and words are taken out. */
const namesIn = (expression: string): string[] =>
  [
    ...expression
      .replaceAll(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, ' ')
      .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
      .matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g),
  ]
    .map(([name]) => name)
    .filter((name) => !['and', 'or', 'unless', 'bool', 'offset'].includes(name))

/** What Prometheus itself and kube-state-metrics know. */
const ofOthers = new Set(['up', 'kube_cronjob_status_last_successful_time'])

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly { alert: string; expr: string; annotations: { summary: string; runbook: string } }[]
  }[]
}

const readAlerts = async () => {
  const { groups }: Alerts = parse(await readFile(resolve(root, 'infra/prometheus/alerts.yml'), 'utf8'))
  return groups.flatMap((group) => group.rules)
}

/** Every expression of an alert and of a panel. */
async function readExpressions(): Promise<{ by: string; expr: string }[]> {
  const dashboard: { panels: { title: string; targets: { expr: string }[] }[] } = JSON.parse(
    await readFile(resolve(root, 'infra/grafana/dashboards/tradewind.json'), 'utf8'),
  )
  return [
    ...(await readAlerts()).map(({ alert, expr }) => ({ by: alert, expr })),
    ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ by: title, expr }))),
  ]
}

test('dashboards and alerts ask for metrics that exist, and alerts name a page that says what to do', async () => {
  const known = new Set(
    (await allMetrics()).flatMap(({ metrics }) =>
      metrics.flatMap(({ name, type }) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    ),
  )
  const asked = await readExpressions()
  expect(asked.length).toBeGreaterThan(20)
  const unknown = asked.flatMap(({ by, expr }) =>
    namesIn(expr)
      .filter((name) => !known.has(name) && !ofOthers.has(name))
      .map((name) => `${by}: ${name}`),
  )
  expect(unknown).toEqual([])
  expect(asked.filter(({ expr }) => namesIn(expr).length === 0)).toEqual([])
  for (const { annotations } of await readAlerts())
    await expect(readFile(resolve(root, annotations.runbook))).resolves.toBeDefined()
})

test('what is measured follows what happens', async () => {
  const { sku } = await shop.newProduct({ units: 1 })
  const { token } = await shop.newCustomer()
  await shop.placeAs(token, { sku, waitSeconds: 10 })
  const orders = await metricsOf('orders')
  expect(orders).toMatch(/^order_saga_duration_seconds_count\{[^}]*outcome="confirmed"[^}]*\} [1-9]/m)
  expect(orders).toMatch(/^order_saga_oldest_wait_seconds\{[^}]*\} \d/m)
  expect(orders).toMatch(/^outbox_oldest_pending_seconds\{[^}]*outbox="orders"[^}]*\} \d/m)
  expect(orders).toMatch(/^consumer_waiting_messages\{[^}]*consumer="orders-reservations"[^}]*\} \d/m)
  expect(orders).toMatch(/^dead_letters_total\{[^}]*consumer="orders-payments"[^}]*\} 0$/m)
  expect(orders).toMatch(
    /^http_request_duration_seconds_count\{[^}]*route="\/v1\/orders"[^}]*status="201"[^}]*\} [1-9]/m,
  )
})

test('a scrape goes on without what cannot be read, and says so', async () => {
  const broker = system.component('nats')
  broker.kill('SIGSTOP')
  try {
    const orders = await metricsOf('orders')
    expect(orders).not.toMatch(/^consumer_waiting_messages\{/m)
    expect(orders).toMatch(/^http_request_duration_seconds_count\{/m)
    expect(await metricsOf('orders')).toMatch(
      /^metric_read_failures_total\{[^}]*metric="consumer_waiting_messages"[^}]*\} [1-9]/m,
    )
  } finally {
    broker.kill('SIGCONT')
  }
})

function isOnPath(program: string, otherwise: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    process.stdout.write(`observability: ${program} is not on PATH, so ${otherwise}\n`)
    return false
  }
}
const hasPromtool = isOnPath('promtool', 'rules and metrics are not checked by it')
const hasPrometheus = isOnPath('prometheus', 'no expression of an alert or a panel is evaluated')

test.skipIf(!hasPromtool)('promtool finds nothing wrong with the rules and the metrics', async () => {
  const promtool = (args: string[], input = '') =>
    execFileSync('promtool', ['check', ...args], { input, stdio: 'pipe' })
  expect(() => promtool(['config', resolve(root, 'infra/prometheus/prometheus.yml')])).not.toThrow()
  for (const service of processes) {
    // Node's own metrics have names that promtool would not have chosen.
    const own = (await metricsOf(service)).replaceAll(/^(# (HELP|TYPE) )?(nodejs|process)_.*\n/gm, '')
    expect(() => promtool(['metrics'], own)).not.toThrow()
  }
})

/** Starts Prometheus with the configuration of the compose file, but for the addresses and for how often it looks. */
async function startPrometheus(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tradewind-prometheus-'))
  const infra = resolve(root, 'infra/prometheus')
  const { scrape_configs: jobs }: { scrape_configs: Record<string, unknown>[] } = parse(
    await readFile(join(infra, 'prometheus.yml'), 'utf8'),
  )
  expect(jobs).toHaveLength(1)
  const targets = processes.map((name) => new URL(system.component(name).adminUrl ?? '').host)
  const config = {
    global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
    rule_files: [join(infra, 'alerts.yml')],
    scrape_configs: jobs.map((job) => ({ ...job, static_configs: [{ targets }] })),
  }
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const port = await freePort()
  const server = await launch({
    name: 'prometheus',
    command: 'prometheus',
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    env: process.env,
    logFile: join(folder, 'prometheus.log'),
    leash: 'pipe',
  })
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}

interface PrometheusAnswer {
  readonly data: {
    readonly result?: readonly unknown[]
    readonly activeTargets?: readonly unknown[]
    readonly groups?: readonly { readonly rules: readonly unknown[] }[]
  }
}

/** Expressions about what has not happened here, so that nothing answers them. */
const unanswered = new Set([
  // kube-state-metrics tells it, in a cluster.
  'BackupMissing',
  // No request has failed.
  'RequestsFail',
  'Failed requests',
  // Nobody has a webhook.
  'Webhooks',
])

test.skipIf(!hasPrometheus)('Prometheus sees an order in every alert and every panel', async () => {
  const prometheus = await startPrometheus()
  const ask = async (path: string): Promise<PrometheusAnswer['data']> => {
    const answer: PrometheusAnswer = JSON.parse(await (await fetch(prometheus.url + path)).text())
    expect(answer).toMatchObject({ status: 'success' })
    return answer.data
  }
  const evaluate = async (expr: string) => (await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`)).result ?? []
  try {
    await eventually(async () => {
      const { activeTargets = [] } = await ask('/api/v1/targets')
      expect(activeTargets).toMatchObject(processes.map(() => ({ health: 'up', lastError: '' })))
      return true
    })
    const { sku } = await shop.newProduct({ units: 1 })
    const { token } = await shop.newCustomer()
    const placed = shaped(Order, await shop.placeAs(token, { sku, waitSeconds: 10 }))
    await shop.untilTold(token, placed.id, 'notifications.notification.sent')
    for (const { by, expr } of await readExpressions()) {
      // What an alert compares, whether it is too much or not.
      const compared = expr.replace(/(>|==) ([\d.]+)$/, '$1 bool $2')
      await eventually(async () => {
        const isAnswered = (await evaluate(compared)).length > 0
        expect({ by, isAnswered }).toEqual({ by, isAnswered: !unanswered.has(by) })
        return true
      })
    }
    await eventually(async () => {
      const { groups = [] } = await ask('/api/v1/rules')
      const rules = groups.flatMap((group) => group.rules)
      expect(rules).toMatchObject((await readAlerts()).map(() => ({ health: 'ok' })))
      return true
    })
    // The target says of which service it is, and so does the metric: only one of them is kept.
    expect(await evaluate('{exported_service!=""}')).toEqual([])
  } finally {
    await prometheus.stop()
  }
})
