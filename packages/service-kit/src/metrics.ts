import {
  Counter,
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  Registry,
} from 'prom-client'

export interface Metrics {
  readonly registry: Registry
  readonly counter: <L extends string>(options: CounterConfiguration<L>) => Counter<L>
  readonly gauge: <L extends string>(options: GaugeConfiguration<L>) => Gauge<L>
  readonly histogram: <L extends string>(options: HistogramConfiguration<L>) => Histogram<L>
  /**
   * A gauge whose values are read when somebody scrapes. Where they cannot be read within two seconds the metric is left
   * out, `metric_read_failures_total` counts it, and the scrape goes on.
   */
  readonly readOnScrape: <L extends string>(options: ReadMetric<L>) => void
  /** Rate, errors and duration of every route in one histogram. */
  readonly httpDuration: Histogram<'method' | 'route' | 'status'>
}

export interface ReadMetric<L extends string> {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly L[]
  readonly read: () => Promise<readonly Reading<L>[]>
}

export interface Reading<L extends string> {
  readonly labels?: Partial<Record<L, string>>
  readonly value: number
}

const readTimeoutMs = 2_000

const httpBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** One Prometheus registry for the process, with the process's own figures (memory, event-loop delay, garbage collection). */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  // The event loop's delay is sampled by a timer, which would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  const failures = new Counter({
    name: 'metric_read_failures_total',
    help: 'Times that a metric could not be read when it was scraped, and was left out',
    labelNames: ['metric'],
    registers: [registry],
  })
  return {
    registry,
    counter: (options) => new Counter({ ...options, registers: [registry] }),
    gauge: (options) => new Gauge({ ...options, registers: [registry] }),
    histogram: (options) => new Histogram({ ...options, registers: [registry] }),
    readOnScrape: ({ name, help, labelNames = [], read }) => {
      failures.inc({ metric: name }, 0)
      const gauge = new Gauge({
        name,
        help,
        labelNames,
        registers: [],
        async collect() {
          this.reset()
          try {
            for (const { labels, value } of await within(readTimeoutMs, read())) this.set({ ...labels }, value)
          } catch {
            // What is away shows in readiness, with its reason.
            failures.inc({ metric: name })
          }
        },
      })
      registry.registerMetric(gauge)
    },
    httpDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the first byte of a request to the end of its answer, by method, route and status',
      labelNames: ['method', 'route', 'status'],
      buckets: httpBucketsSeconds,
      registers: [registry],
    }),
  }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
