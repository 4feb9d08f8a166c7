// What the gateway counts, and how it is written down for a scraper.
import { expect } from 'chai'
import { exposition } from '../../../lib/gateways/http/exposition.ts'
import { Metrics } from '../../../lib/gateways/http/metrics.ts'
import type { ServerView } from '../../../lib/index.ts'

describe('The metrics of the gateway', () => {
  let metrics: Metrics
  const server = { isShuttingDown: false }

  beforeEach(() => {
    metrics = new Metrics({ server: server as unknown as ServerView, recordedCounts: undefined })
  })

  afterEach(() => {
    server.isShuttingDown = false
    metrics.close()
  })

  const lines = (open = { requests: 0, streams: 0 }) => metrics.text(open).split('\n')
  const value = (sample: string, open?: { requests: number; streams: number }) =>
    lines(open)
      .find((line) => line.startsWith(`${sample} `))
      ?.slice(sample.length + 1)

  it('are requests by route and status', () => {
    for (const status of [200, 200, 404]) metrics.count('action', status, 1)
    metrics.count('health', 200, 1)
    expect(value('isock_http_requests_total{route="action",status="200"}')).to.equal('2')
    expect(value('isock_http_requests_total{route="action",status="404"}')).to.equal('1')
    expect(value('isock_http_requests_total{route="health",status="200"}')).to.equal('1')
  })

  it('are how long they took, each in all buckets that it fits; those of streams say nothing', () => {
    for (const ms of [5, 5.1, 5.1, 9_999, 10_001]) metrics.count('action', 200, ms)
    metrics.count('action', 200, undefined)
    const bucket = (le: string) => value(`isock_http_request_duration_seconds_bucket{route="action",le="${le}"}`)
    expect(['0.005', '0.01', '5', '10', '+Inf'].map(bucket)).to.deep.equal(['1', '3', '3', '4', '5'])
    expect(value('isock_http_request_duration_seconds_count{route="action"}')).to.equal('5')
    expect(Number(value('isock_http_request_duration_seconds_sum{route="action"}'))).to.be.closeTo(20.0152, 1e-9)
    expect(value('isock_http_requests_total{route="action",status="200"}')).to.equal('6')
    metrics.count('channel', 200, undefined)
    expect(lines().some((line) => line.includes('duration') && line.includes('"channel"'))).to.equal(false)
  })

  it('are what is open, and whether the server drains', () => {
    const open = { requests: 3, streams: 4 }
    expect(value('isock_http_requests_running', open)).to.equal('3')
    expect(value('isock_http_streams_open', open)).to.equal('4')
    expect(value('isock_draining')).to.equal('0')
    server.isShuttingDown = true
    expect(value('isock_draining')).to.equal('1')
  })

  it('are of the process', () => {
    const startedAt = Number(value('process_start_time_seconds'))
    expect(startedAt).to.be.closeTo(Date.now() / 1_000 - process.uptime(), 60)
    expect(Number(value('process_cpu_seconds_total'))).to.be.within(0.01, 10 * process.uptime() * 64)
    expect(Number(value('process_resident_memory_bytes'))).to.be.above(1e7)
    expect(Number(value('nodejs_heap_used_bytes'))).to.be.within(
      1e6,
      Number(value('process_resident_memory_bytes')) * 10,
    )
    for (const quantile of ['0.5', '0.99', '1'])
      expect(Number(value(`isock_event_loop_lag_seconds{quantile="${quantile}"}`))).to.be.within(0, 600)
  })

  it('are in the text format: names escaped, families without samples left out', () => {
    const text = exposition([
      { name: 'none', type: 'gauge', help: 'Nothing.', samples: [] },
      {
        name: 'some',
        type: 'counter',
        help: 'A \\ and a\nbreak.',
        samples: [
          { value: 1.5 },
          { suffix: '_bucket', labels: { le: '+Inf', a: 'say "hi"\\\n' }, value: Number.POSITIVE_INFINITY },
          { value: Number.NEGATIVE_INFINITY },
        ],
      },
    ])
    expect(text).to.equal(
      '# HELP some A \\\\ and a\\nbreak.\n# TYPE some counter\nsome 1.5\n' +
        'some_bucket{le="+Inf",a="say \\"hi\\"\\\\\\n"} +Inf\nsome -Inf\n',
    )
  })
})
