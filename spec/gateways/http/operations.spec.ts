// What those ask who run a server: what there is, whether it lives, whether it takes work, what it does.
import { expect } from 'chai'
import { Action } from 'isock'
import { http } from 'isock/http'
import { z } from 'zod'
import { waitFor } from '../../setup/wait-for.ts'
import { errorOf, HttpWorld, type WorldOptions } from './http-world.ts'

class Greet extends Action<{ name: string }, string> {
  static override input = z.object({ name: z.string() })
  static override output = z.string()
  static override description = 'Greets'
  override action({ name }: { name: string }) {
    return `hi ${name}`
  }
}
class Wait extends Action<undefined, string> {
  readonly #waiting: (() => void)[] = []
  override async action() {
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return 'over'
  }
  get count(): number {
    return this.#waiting.length
  }
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

describe('HTTP for operators', () => {
  let world: HttpWorld
  let wait: Wait

  const start = async (options: WorldOptions = {}): Promise<void> => {
    world = new HttpWorld(options)
    wait = new Wait()
    world.server.addAction(new Greet()).addAction(wait)
    await world.start()
  }

  afterEach(() => {
    wait.release()
    return world.close()
  })

  it('lists actions with their schemas', async () => {
    await start()
    const { actions } = (await (await world.fetch('/actions')).json()) as { actions: { name: string }[] }
    expect(actions.map(({ name }) => name)).to.deep.equal(['Echo', 'Greet', 'Wait'])
    const greet = (await (await world.fetch('/actions/Greet')).json()) as Record<string, Record<string, unknown>>
    expect(greet).to.deep.equal(actions[1])
    expect(greet).to.include({ name: 'Greet', kind: 'action', description: 'Greets' })
    expect(greet['input']?.['properties']).to.deep.equal({ name: { type: 'string' } })
    expect((await world.fetch('/actions/Nothing')).status).to.equal(404)
    expect((await world.fetch('/actions/__proto__')).status).to.equal(404)
  })

  it('answers HEAD like GET, without the body', async () => {
    await start()
    const response = await world.fetch('/actions', { method: 'HEAD' })
    expect([response.status, await response.text()]).to.deep.equal([200, ''])
    expect(Number(response.headers.get('content-length'))).to.be.above(10)
  })

  it('lives and is ready', async () => {
    await start()
    for (const path of ['/health/live', '/health/ready']) {
      const response = await world.fetch(path)
      expect([response.status, await response.json()]).to.deep.equal([200, { status: 'ok' }])
    }
    expect((await world.fetch('/health/live', { method: 'POST' })).status).to.equal(405)
    expect((await world.fetch('/health')).status).to.equal(404)
  })

  it('is not ready while it drains; what runs is answered, what comes is refused', async () => {
    await start()
    const running = world.post('Wait', undefined)
    await waitFor(() => wait.count === 1)
    const shutdown = world.server.shutdown({ graceMs: 8_000 })
    await waitFor(async () => (await world.fetch('/health/ready')).status === 503)
    const ready = await world.fetch('/health/ready')
    expect([ready.headers.get('connection'), await ready.json()]).to.deep.equal(['close', { status: 'draining' }])
    expect((await world.fetch('/health/live')).status).to.equal(200)
    expect(await world.metric('isock_draining')).to.equal(1)
    const late = await world.post('Echo', 1)
    const { code, notStarted } = await errorOf(late)
    expect([late.status, late.headers.get('retry-after'), code, notStarted]).to.deep.equal([
      503,
      '1',
      'SHUTTING_DOWN',
      true,
    ])
    wait.release()
    expect(await (await running).json()).to.equal('over')
    await shutdown
  })

  it('ends with its grace, whatever runs', async () => {
    await start()
    const keyed = world.post('Wait', undefined, { 'idempotency-key': 'k' }).catch(() => undefined)
    const running = world.post('Wait', undefined).catch(() => undefined)
    await waitFor(() => wait.count === 2)
    await world.web.close(50)
    await Promise.all([keyed, running])
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('tells metrics in the text format', async () => {
    await start()
    const running = world.post('Wait', undefined)
    await waitFor(() => wait.count === 1)
    await world.works()
    await world.post('Nothing', 1)
    const response = await world.fetch('/metrics')
    expect(response.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    const line = /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+)$/
    for (const each of text.trimEnd().split('\n')) expect(each).to.match(line)
    const value = async (name: string): Promise<number> => world.metric(name)
    expect(await value('isock_http_requests_total{route="action",status="200"}')).to.equal(1)
    expect(await value('isock_http_requests_total{route="action",status="404"}')).to.equal(1)
    expect(await value('isock_http_requests_running')).to.equal(1)
    expect(await value('isock_http_request_duration_seconds_count{route="action"}')).to.equal(2)
    expect(await value('isock_http_request_duration_seconds_bucket{route="action",le="+Inf"}')).to.equal(2)
    expect(await value('isock_calls_running')).to.equal(1)
    expect(await value('isock_calls_total')).to.equal(world.server.callCount)
    expect(await value('isock_sessions{state="connected"}')).to.equal(1)
    for (const name of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'process_start_time_seconds',
      'nodejs_heap_used_bytes',
    ])
      expect(await value(name), name).to.be.above(0)
    expect(text).to.include('isock_event_loop_lag_seconds{quantile="0.99"}')
    wait.release()
    await running
  })

  it('tells metrics to this machine only, and to nobody that a proxy stands for', async () => {
    await start({ server: { token: 'open-sesame' } })
    expect((await world.fetch('/metrics')).status).to.equal(200)
    for (const name of ['forwarded', 'x-forwarded-for'])
      expect((await world.fetch('/metrics', { headers: { [name]: '10.0.0.1' } })).status, name).to.equal(403)
  })

  it('tells metrics to everyone or nobody, if so wanted', async () => {
    await start({ http: { metrics: 'everyone' } })
    expect((await world.fetch('/metrics', { headers: { forwarded: 'for=10.0.0.1' } })).status).to.equal(200)
    await world.close()
    await start({ http: { metrics: 'off' } })
    expect((await world.fetch('/metrics')).status).to.equal(404)
  })

  it('refuses options that are none', async () => {
    const wrong: readonly [string, unknown][] = [
      ['maxBodyBytes', 0],
      ['maxStreams', 1.5],
      ['keepAliveMs', '5'],
      ['path', 'api'],
      ['path', '/a?b'],
      ['metrics', 'all'],
      ['statusOf', 409],
      ['idempotency', { keepMs: -1 }],
    ]
    await start()
    for (const [name, value] of wrong)
      expect(() => http({ [name]: value }), `${name} ${JSON.stringify(value)}`).to.throw(`option http ${name}`)
  })
})
