// Clients whose process ends, or that close their link and do not come back: what they run is told to stop.

import { once } from 'node:events'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { Departures } from '../../lib/core/server/departures.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { Action, Channel, type Context, LinkError, Process, Server } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { compiled } from '../setup/compiled.ts'
import { longIt } from '../setup/long.ts'
import { RunningScript } from '../setup/run-script.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { itemsOf, Work, World } from '../setup/world.ts'

describe('a client that closes its link', () => {
  let world: World
  let work: Work

  beforeEach(async () => {
    world = new World()
    work = new Work()
  })

  afterEach(async () => {
    for (const run of work.runs) run.finish()
    world.network.setReachable('server', true)
    await world.close()
  })

  const leave = async (how: 'fin' | 'gone' | 'rst' | 'silent', limits = {}) => {
    const server = await world.serve([work], { limits })
    const client = world.client({ retry: 1_000 })
    const call = client.runAction(Work, undefined, { timeoutMs: Number.POSITIVE_INFINITY })
    call.outcome()
    await settle()
    world.network.setReachable('server', false)
    world.network.wire.cut(how)
    return { call, server } // in a box: it would be awaited
  }

  it('has ten seconds to come back; then the signal of what it runs aborts', async () => {
    await leave('fin')
    await world.clock.advance(9_999)
    expect(work.run.context.signal.aborted).to.equal(false)
    await world.clock.advance(1)
    expect(work.run.context.signal.reason).to.be.instanceOf(LinkError)
    expect(work.run.context.signal.reason.message).to.match(/closed its link and did not come back within 10000 ms/)
  })

  it('is given what its call came to when it is back after all: the handler decides', async () => {
    const { call } = await leave('fin')
    await world.clock.advance(20_000)
    expect(work.run.context.signal.aborted).to.equal(true)
    work.run.finish('half done')
    world.network.setReachable('server', true)
    expect(await world.clock.until(call)).to.equal('half done')
    expect(work.runs).to.have.length(1)
  })

  it('is given the items that were emitted for it, and the reason, when it is back too late', async () => {
    class Count extends Action {
      async *action(_: undefined, { signal }: Context) {
        for (let n = 0; !signal.aborted; n++) {
          yield n
          if (n === 2) await once(signal, 'abort')
        }
      }
    }
    await world.serve([new Count()])
    const client = world.client({ retry: 1_000 })
    await client.connect()
    world.network.wire.hold('down')
    const call = client.runAction(Count, undefined, { timeoutMs: Number.POSITIVE_INFINITY })
    const items = itemsOf(call)
    await settle()
    world.network.setReachable('server', false)
    world.network.wire.cut('fin')
    await world.clock.advance(20_000)
    world.network.setReachable('server', true)
    expect(await world.clock.until(items)).to.deep.equal([0, 1, 2])
    await call
  })

  it('may cancel what was told to stop meanwhile, which frees its slot although items wait for a reader', async () => {
    class Flood extends Action {
      async *action(_: undefined, { signal }: Context) {
        while (!signal.aborted) yield new Uint8Array(1_000)
      }
    }
    await world.serve([new Flood(), work], { limits: { maxCallsInFlight: 1, streamWindowBytes: 2_048 } })
    const client = world.client({ retry: 1_000 })
    const call = client.runAction(Flood, undefined, { timeoutMs: Number.POSITIVE_INFINITY })
    await call[Symbol.asyncIterator]().next()
    world.network.setReachable('server', false)
    world.network.wire.cut('fin')
    await world.clock.advance(20_000)
    call.cancel()
    await call.outcome()
    world.network.setReachable('server', true)
    const next = client.runAction(Work)
    await world.clock.advance(5_000)
    expect(work.runs).to.have.length(1)
    work.run.finish()
    await next
  })

  it('loses nothing when it is back within the grace', async () => {
    const { call } = await leave('fin')
    await world.clock.advance(5_000)
    world.network.setReachable('server', true)
    await world.clock.advance(60_000)
    expect(work.run.context.signal.aborted).to.equal(false)
    work.run.finish('done')
    expect(await world.clock.until(call)).to.equal('done')
  })

  it('has as long as limits.closedLinkGraceMs says', async () => {
    await leave('fin', { closedLinkGraceMs: 50 })
    await world.clock.advance(50)
    expect(work.run.context.signal.aborted).to.equal(true)
  })

  it('has a short lease where its page was left, and all of it where its link broke before', async () => {
    const { server } = await leave('gone')
    await world.clock.advance(10_000)
    expect(work.run.context.signal.reason.message).to.contain('did not come back within 10000 ms')
    expect(server.sessions).to.have.length(1)
    await world.clock.advance(9_999)
    expect(server.sessions).to.have.length(1)
    await world.clock.advance(1)
    expect(server.sessions).to.have.length(0)
  })

  it('keeps its session where its page comes back, and has the whole lease when its link breaks later', async () => {
    const { call, server } = await leave('gone', { leftPageLeaseMs: 9_000 })
    await world.clock.advance(5_000)
    world.network.setReachable('server', true)
    await world.clock.advance(60_000)
    world.network.setReachable('server', false)
    world.network.wire.cut('rst')
    await world.clock.advance(60_000)
    expect(server.sessions).to.have.length(1)
    world.network.setReachable('server', true)
    work.run.finish('done')
    expect(await world.clock.until(call)).to.equal('done')
  })

  it('has no longer lease than others where its page was left', async () => {
    const { server } = await leave('gone', { leftPageLeaseMs: 60_000, sessionLeaseMs: 3_000 })
    await world.clock.advance(3_000)
    expect(server.sessions).to.have.length(0)
  })

  it('has the lease with Infinity', async () => {
    await leave('fin', { closedLinkGraceMs: Number.POSITIVE_INFINITY })
    await world.clock.advance(14 * 60_000)
    expect(work.run.context.signal.aborted).to.equal(false)
  })

  for (const how of ['rst', 'silent'] as const) {
    it(`has the lease where its link broke (${how})`, async () => {
      await leave(how)
      await world.clock.advance(14 * 60_000)
      expect(work.run.context.signal.aborted).to.equal(false)
      await world.clock.advance(2 * 60_000)
      expect(work.run.context.signal.aborted).to.equal(true)
    })
  }

  it('finds its subscriptions and listeners as they were', async () => {
    class News extends Channel<string> {}
    class Feed extends Process<{ tick: string }> {
      async run({ output, signal }: Parameters<Process<{ tick: string }>['run']>[0]) {
        feed = output
        await once(signal, 'abort')
      }
    }
    let feed: Parameters<Process<{ tick: string }>['run']>[0]['output'] | undefined
    const server = await world.serve([])
    server.addChannel(new News()).addProcess(new Feed())
    const client = world.client({ retry: 1_000 })
    const read: string[] = []
    const gaps: string[] = []
    const onReconnect = () => void gaps.push('reconnect')
    const onGap = () => void gaps.push('gap')
    const subscription = client.subscribe(News, (message) => void read.push(message), { onReconnect })
    const listening = client.onProcess('Feed', () => void read.push('an event'), { onGap })
    await Promise.all([subscription.ready, listening.ready])
    world.network.setReachable('server', false)
    world.network.wire.cut('fin')
    await world.clock.advance(30_000)
    await server.publish(News, 'meanwhile')
    feed?.send('tick', 'an event')
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
    expect([read.sort(), gaps]).to.deep.equal([['an event', 'meanwhile'], []])
    subscription.unsubscribe()
    listening.stop()
  })
})

describe('The departures of a server', () => {
  const aborted: string[] = []
  /** What is asked of a session. */
  const session = (name: string, runningCount = 1): ServerSession =>
    ({ core: { runningCount, abortRunning: () => void aborted.push(name) } }) as never

  beforeEach(() => {
    aborted.length = 0
  })

  it('need one timer for all, and none once all have come back', async () => {
    const clock = new VirtualClock()
    const departures = new Departures(clock, 100)
    const [one, other] = [session('one'), session('other')]
    departures.left(one)
    await clock.advance(50)
    departures.left(other)
    expect(clock.pendingCount).to.equal(1)
    departures.forget(session('a stranger'))
    departures.forget(one)
    expect(clock.pendingCount).to.equal(1)
    departures.forget(other)
    expect(clock.pendingCount).to.equal(0)
    departures.forget(other)
    await clock.advance(1_000)
    expect(aborted).to.deep.equal([])
  })

  it('end one by one, each after its own grace, and once', async () => {
    const clock = new VirtualClock()
    const departures = new Departures(clock, 100)
    departures.left(session('one'))
    await clock.advance(50)
    departures.left(session('other'))
    await clock.advance(50)
    expect(aborted).to.deep.equal(['one'])
    await clock.advance(49)
    expect(aborted).to.deep.equal(['one'])
    await clock.advance(1)
    expect(aborted).to.deep.equal(['one', 'other'])
    await clock.advance(1_000)
    expect([aborted.length, clock.pendingCount]).to.deep.equal([2, 0])
  })

  it('begin no grace where nothing runs, or where it never ends', () => {
    const clock = new VirtualClock()
    new Departures(clock, 100).left(session('idle', 0))
    new Departures(clock, Number.POSITIVE_INFINITY).left(session('patient'))
    expect(clock.pendingCount).to.equal(0)
  })

  it('abort nothing more once the server has closed', async () => {
    const clock = new VirtualClock()
    const departures = new Departures(clock, 100)
    departures.left(session('one'))
    departures.close()
    await clock.advance(1_000)
    expect([aborted, clock.pendingCount]).to.deep.equal([[], 0])
  })
})

describe('a script that ends without close()', function () {
  this.slow(5_000)
  let server: Server
  let context: Context | undefined
  let isOpen = false

  class Long extends Action {
    async *action(_: undefined, given: Context) {
      context = given
      isOpen = true
      try {
        yield 'begun'
        await once(given.signal, 'abort')
      } finally {
        isOpen = false
      }
    }
  }

  const start = (address: string, end: string) => {
    const program = `
      import { Client } from ${JSON.stringify(pathToFileURL(compiled('lib/index.ts')).href)}
      const client = new Client(${JSON.stringify(address)})
      for await (const _ of client.runAction('Long', undefined, { timeoutMs: Infinity })) { console.log('begun'); ${end} }
    `
    return new RunningScript(['--input-type=module', '-e', program], {})
  }

  const serve = async (closedLinkGraceMs: number) => {
    server = new Server('127.0.0.1', 0, { limits: { closedLinkGraceMs } })
    await server.addAction(new Long()).listen()
    const web = await listenWeb(server, { port: 0 })
    return [server.addresses[0] as string, web.address]
  }

  afterEach(() => server.shutdown({ graceMs: 1_000 }))

  for (const [i, link] of ['tcp', 'a WebSocket'].entries()) {
    const linkIt: typeof longIt = link === 'tcp' ? it : longIt
    linkIt(`by Ctrl-C ends what it runs after the grace (${link})`, async () => {
      const script = start((await serve(200))[i] as string, '')
      await script.printed(/begun/)
      script.kill('SIGINT')
      await script.ended
      await waitFor(() => !isOpen)
      expect(context?.signal.reason).to.be.instanceOf(LinkError)
    })

    for (const end of ['process.exit(3)', 'throw new Error("uncaught")']) {
      const endIt: typeof longIt = end === 'process.exit(3)' ? linkIt : longIt
      endIt(`by ${end} ends what it runs immediately (${link})`, async () => {
        const script = start((await serve(600_000))[i] as string, end)
        await script.ended
        await waitFor(() => !isOpen)
        expect(server.sessions).to.have.length(0)
      })
    }
  }

  it('and whose link is reset keeps what it runs: the network may have done that', async () => {
    const [address] = await serve(20)
    const port = Number(new URL(address as string).port)
    const sockets: Socket[] = []
    const proxy = createServer((near) => {
      const far = connectSocket(port, '127.0.0.1')
      sockets.push(near, far)
      for (const socket of [near, far]) socket.on('error', () => undefined)
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const script = start(`127.0.0.1:${(proxy.address() as { port: number }).port}`, '')
    await script.printed(/begun/)
    proxy.close()
    for (const socket of sockets) socket.resetAndDestroy()
    await waitFor(() => server.sessions.some((session) => !session.isConnected))
    const later = performance.now() + 100
    await waitFor(() => performance.now() > later)
    expect([isOpen, context?.signal.aborted]).to.deep.equal([true, false])
    script.kill()
    await script.ended
  })
})
