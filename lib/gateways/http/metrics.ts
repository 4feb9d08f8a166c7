// The metrics of the gateway: its requests, and the current state of the server and the process.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { calendarNow } from '../../core/base/platform-timers.ts'
import { ActionServer } from '../../core/server/action-server.ts'
import type { RecordedCounts } from '../../core/server/shared-store.ts'
import type { WebHost } from '../../features/web/gateway.ts'
import { exposition, gauge, type MetricFamily, type Sample } from './exposition.ts'
import { usageMetrics } from './usage-metrics.ts'

/** The route of a request. */
export type RouteName = 'actions' | 'action' | 'channel' | 'health' | 'metrics' | 'unknown'

/** The currently open requests and streams. */
export interface OpenCounts {
  readonly requests: number
  readonly streams: number
}

/** Upper bounds of the buckets, in seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Number.POSITIVE_INFINITY]
/** The sampling interval of the event loop's delay, which is included in the measured values. */
const resolutionMs = 20

interface Durations {
  readonly counts: number[]
  sum: number
}

/** What it measures. */
export type MetricsHost = Pick<WebHost, 'server' | 'recordedCounts'>

export class Metrics {
  readonly #host: MetricsHost
  /** By route and status, which have few combinations. */
  readonly #requests = new Map<string, { readonly route: RouteName; readonly status: number; count: number }>()
  readonly #durations = new Map<RouteName, Durations>()
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs })

  constructor(host: MetricsHost) {
    this.#host = host
    this.#delay.enable()
  }

  /** Counts a request. `durationMs` is undefined for a stream. */
  count(route: RouteName, status: number, durationMs: number | undefined): void {
    const id = `${route} ${status}`
    const entry = this.#requests.get(id) ?? { route, status, count: 0 }
    entry.count++
    this.#requests.set(id, entry)
    if (durationMs === undefined) return
    const durations = this.#durations.get(route) ?? { counts: buckets.map(() => 0), sum: 0 }
    this.#durations.set(route, durations)
    const seconds = durationMs / 1000
    durations.sum += seconds
    const index = buckets.findIndex((bound) => seconds <= bound)
    durations.counts[index] = (durations.counts[index] ?? 0) + 1
  }

  text(open: OpenCounts): string {
    return exposition([...this.#ofRequests(open), ...this.#ofServer(), ...this.#ofProcess()])
  }

  close(): void {
    this.#delay.disable()
  }

  #ofRequests(open: OpenCounts): MetricFamily[] {
    const requests = [...this.#requests.values()].map(({ route, status, count }) => ({
      labels: { route, status: String(status) },
      value: count,
    }))
    return [
      { name: 'isock_http_requests_total', type: 'counter', help: 'Answered requests.', samples: requests },
      {
        name: 'isock_http_request_duration_seconds',
        type: 'histogram',
        help: 'From a request to the end of its answer, without streams.',
        samples: [...this.#durations].flatMap(([route, durations]) => histogram(route, durations)),
      },
      gauge('isock_http_requests_running', 'Requests in progress, without streams.', open.requests),
      gauge('isock_http_streams_open', 'Open event streams.', open.streams),
    ]
  }

  #ofServer(): MetricFamily[] {
    const { server, recordedCounts } = this.#host
    const draining = gauge('isock_draining', '1 while the server is shutting down.', server.isShuttingDown ? 1 : 0)
    if (!(server instanceof ActionServer)) return [draining]
    const { sessions, callCount } = server
    const running = sessions.reduce((sum, { core }) => sum + core.runningCount, 0)
    const connected = sessions.filter(({ isConnected }) => isConnected).length
    const states = [
      { labels: { state: 'connected' }, value: connected },
      { labels: { state: 'away' }, value: sessions.length - connected },
    ]
    return [
      draining,
      { name: 'isock_calls_total', type: 'counter', help: 'Accepted calls.', samples: [{ value: callCount }] },
      gauge('isock_calls_running', 'Calls without an answer yet.', running),
      { name: 'isock_sessions', type: 'gauge', help: 'Sessions of clients.', samples: states },
      ...usageMetrics(server.usage),
      ...(recordedCounts === undefined ? [] : recordedMetrics(recordedCounts)),
    ]
  }

  #ofProcess(): MetricFamily[] {
    const { rss, heapUsed } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const startedAt = calendarNow() / 1000 - process.uptime()
    const lag = [
      { labels: { quantile: '0.5' }, value: lagSeconds(this.#delay.percentile(50)) },
      { labels: { quantile: '0.99' }, value: lagSeconds(this.#delay.percentile(99)) },
      { labels: { quantile: '1' }, value: lagSeconds(this.#delay.max) },
    ]
    this.#delay.reset()
    const cpu = [{ value: (user + system) / 1e6 }]
    return [
      gauge('process_resident_memory_bytes', 'Memory of the process.', rss),
      gauge('process_start_time_seconds', 'Start of the process, in seconds since 1970.', startedAt),
      { name: 'process_cpu_seconds_total', type: 'counter', help: 'Processor time of the process.', samples: cpu },
      gauge('nodejs_heap_used_bytes', 'Memory in use by JavaScript.', heapUsed),
      {
        name: 'isock_event_loop_lag_seconds',
        type: 'gauge',
        help: 'Delay of the event loop since the last scrape.',
        samples: lag,
      },
    ]
  }
}

/** Of transactional and durable calls. */
function recordedMetrics({ commits, replays, adoptions, unknowns }: RecordedCounts): MetricFamily[] {
  const counter = (name: string, help: string, value: number): MetricFamily => ({
    name: `isock_recorded_${name}_total`,
    type: 'counter',
    help,
    samples: [{ value }],
  })
  return [
    counter('commits', 'Answers that were committed.', commits),
    counter('replays', 'Recorded answers that were sent again.', replays),
    counter('adoptions', 'Sessions that another server had before.', adoptions),
    counter('unknowns', 'Calls whose outcome could not be found out.', unknowns),
  ]
}

function histogram(route: RouteName, { counts, sum }: Durations): Sample[] {
  let total = 0
  const samples: Sample[] = buckets.map((bound, index) => {
    total += counts[index] ?? 0
    return {
      suffix: '_bucket',
      labels: { route, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
      value: total,
    }
  })
  return [
    ...samples,
    { suffix: '_sum', labels: { route }, value: sum },
    { suffix: '_count', labels: { route }, value: total },
  ]
}

/** Converts the monitor's nanoseconds between samples to the lag in seconds; 0 before the first samples. */
function lagSeconds(nanoseconds: number): number {
  const seconds = nanoseconds / 1e9 - resolutionMs / 1e3
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0
}
