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
  /** Rate, errors and duration of every route in one histogram. */
  readonly httpDuration: Histogram<'method' | 'route' | 'status'>
}

const httpBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** One Prometheus registry for the process, with the process's own figures (memory, event-loop delay, garbage collection). */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  // The event loop's delay is sampled by a timer, which would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  return {
    registry,
    counter: (options) => new Counter({ ...options, registers: [registry] }),
    gauge: (options) => new Gauge({ ...options, registers: [registry] }),
    histogram: (options) => new Histogram({ ...options, registers: [registry] }),
    httpDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the first byte of a request to the end of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: httpBucketsSeconds,
      registers: [registry],
    }),
  }
}
