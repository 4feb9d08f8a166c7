// Spans of calls: their names, parents and ends.
import * as api from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { expect } from 'chai'
import { Action, ActionError, type Server } from '../../lib/index.ts'
import { clientSpans, serverSpans } from '../../lib/tracing.ts'
import { HttpWorld } from '../gateways/http/http-world.ts'
import { failureOf, itemsOf, World } from '../setup/world.ts'

class Echo extends Action<number, string> {
  override action(_n: number): string {
    return api.trace.getSpan(api.context.active())?.spanContext().spanId ?? 'none'
  }
}

class Count extends Action<number, string, number> {
  override async *action(to: number): AsyncGenerator<number, string> {
    for (let i = 0; i < to; i++) yield i
    return 'done'
  }
}

class Fails extends Action<undefined, never> {
  override action(): never {
    throw new ActionError('on purpose')
  }
}

describe('spans', () => {
  const exporter = new InMemorySpanExporter()
  let world: World
  let server: Server

  before(() => {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
    api.trace.setGlobalTracerProvider(provider)
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    api.propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  })

  after(() => {
    api.trace.disable()
    api.context.disable()
    api.propagation.disable()
  })

  beforeEach(async () => {
    exporter.reset()
    world = new World()
    server = await world.serve([new Echo(), new Count(), new Fails()])
    server.use(serverSpans(api))
  })

  afterEach(() => world.close())

  const spans = () =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      kind: span.kind,
      parent: span.parentSpanContext?.spanId,
      id: span.spanContext().spanId,
      trace: span.spanContext().traceId,
      status: span.status.code,
      error: span.attributes['error.type'],
    }))

  it('of a call are one of the client within the active one, and one of the server within that', async () => {
    const client = world.client()
    client.use(clientSpans(api))
    const tracer = api.trace.getTracer('program')
    const seen = await tracer.startActiveSpan('work', async (span) => {
      const id = await world.clock.until(Promise.resolve(client.runAction(Echo, 1)))
      span.end()
      return id
    })
    const [ofServer, ofClient, work] = spans()
    expect(ofServer).to.include({ name: 'Echo', kind: api.SpanKind.SERVER, parent: ofClient?.id, id: seen })
    expect(ofClient).to.include({ name: 'Echo', kind: api.SpanKind.CLIENT, parent: work?.id })
    expect(new Set(spans().map(({ trace }) => trace)).size).to.equal(1)
  })

  it('of a stream end with it', async () => {
    const client = world.client()
    client.use(clientSpans(api))
    expect(await world.clock.until(itemsOf(client.runAction(Count, 3)))).to.deep.equal([0, 1, 2])
    expect(spans().map(({ name, kind }) => [name, kind])).to.deep.equal([
      ['Count', api.SpanKind.SERVER],
      ['Count', api.SpanKind.CLIENT],
    ])
  })

  it('say how a call failed', async () => {
    const client = world.client()
    client.use(clientSpans(api))
    await world.clock.until(failureOf(client.runAction(Fails)))
    for (const span of spans()) expect(span).to.include({ status: api.SpanStatusCode.ERROR, error: 'ActionError' })
    expect(spans()).to.have.length(2)
  })

  it('of requests over HTTP have the parent that their header names', async () => {
    const http = new HttpWorld()
    http.server.use(serverSpans(api))
    await http.start()
    try {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await http.post('Echo', 1, { traceparent })
    } finally {
      await http.close()
    }
    expect(spans()).to.have.length(1)
    expect(spans()[0]).to.include({ trace: '0af7651916cd43dd8448eb211c80319c', parent: 'b7ad6b7169203331' })
  })

  it('need the package', () => {
    expect(() => serverSpans(undefined as never)).to.throw('@opentelemetry/api')
    expect(() => clientSpans({} as never)).to.throw('@opentelemetry/api')
  })
})
