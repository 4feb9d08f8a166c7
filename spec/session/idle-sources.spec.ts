// Sources that give nothing at the moment and whose reader leaves: they are released immediately, and so is the place of
// their call.

import { EventEmitter, getEventListeners, on } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { expect } from 'chai'
import { http } from '../../lib/gateways/http/http.ts'
import { Action, Client, type Context, Server } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { serverLinks } from '../setup/server-links.ts'
import { settle } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, Work, World } from '../setup/world.ts'

const forever = <T>() => new Promise<T>(() => undefined)

/** A source of each kind, which has one item at most and then waits, and whether it is in use. */
class Sources {
  readonly emitter = new EventEmitter()
  readonly opened: { readonly kind: string; isOpen(): boolean }[] = []

  readonly kinds: Readonly<Record<string, () => AsyncIterable<unknown>>> = {
    'events.on()': () => {
      this.opened.push({ kind: 'events.on()', isOpen: () => this.emitter.listenerCount('tick') > 0 })
      return on(this.emitter, 'tick')
    },
    'an iterator': () => {
      let isOpen = true
      this.opened.push({ kind: 'an iterator', isOpen: () => isOpen })
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => forever<IteratorResult<unknown>>(),
          return: async () => {
            isOpen = false
            return { done: true, value: undefined }
          },
        }),
      }
    },
    'a Readable': () => {
      const stream = new PassThrough({ objectMode: true })
      stream.write('first')
      this.opened.push({ kind: 'a Readable', isOpen: () => !stream.destroyed })
      return stream
    },
    'a ReadableStream': () => {
      let isOpen = true
      this.opened.push({ kind: 'a ReadableStream', isOpen: () => isOpen })
      return new ReadableStream({
        cancel() {
          isOpen = false
        },
      }) as unknown as AsyncIterable<unknown>
    },
    'a generator that is left at its yield': () => {
      const opened = { kind: 'a generator', isOpen: () => false }
      this.opened.push(opened)
      return (async function* () {
        opened.isOpen = () => true
        try {
          for (;;) yield 'x'.repeat(2_000)
        } finally {
          opened.isOpen = () => false
        }
      })()
    },
  }

  get openCount(): number {
    return this.opened.filter(({ isOpen }) => isOpen()).length
  }
}

for (const link of serverLinks) {
  describe(`an idle source over ${link.name}`, () => {
    if (link.missing !== undefined) return
    let sources: Sources
    let server: Server
    let client: Client
    let release: () => void

    class Stream extends Action {
      action(kind: string) {
        return sources.kinds[kind]?.() as never
      }
    }
    class TakeNone extends Action {
      async action(_: AsyncIterable<unknown>, { signal }: Context) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      }
    }
    class TakeOne extends Action {
      async action(items: AsyncIterable<unknown>) {
        for await (const item of items) return item
        return undefined
      }
    }

    beforeEach(async () => {
      sources = new Sources()
      const place = link.place()
      server = new Server({ ...place.server, limits: { maxCallsInFlight: 4, cancelGraceMs: 60_000 } })
      server.addAction(new Stream()).addAction(new TakeNone()).addAction(new TakeOne())
      const address = await place.listen(server)
      client = new Client(address, place.client)
      release = () => place.release()
    })

    afterEach(async () => {
      await client.close()
      await server.shutdown({ graceMs: 100 })
      release()
    })

    for (const kind of Object.keys(new Sources().kinds)) {
      it(`is released when its reader leaves (${kind}), and its place is free`, async () => {
        for (let round = 0; round < 6; round++) {
          const call = client.runAction(Stream, kind)
          const outcome = call.outcome()
          await waitFor(() => sources.opened.length === round + 1)
          call.cancel()
          await outcome
          await waitFor(() => sources.openCount === 0)
        }
      })

      it(`is released when it was uploaded and its call is over (${kind})`, async () => {
        for (let round = 0; round < 6; round++) {
          const abort = new AbortController()
          const call = client.runAction(TakeNone, sources.kinds[kind]?.() as never, { signal: abort.signal })
          const outcome = call.outcome()
          await waitFor(() => call.id > 0)
          abort.abort()
          await outcome
          await waitFor(() => sources.openCount === 0)
        }
      })
    }

    it('is released when the action has returned', async () => {
      const call = client.runAction(TakeOne, sources.kinds['events.on()']?.() as never)
      await waitFor(() => call.id > 0)
      const ticks = setInterval(() => sources.emitter.emit('tick', 7), 5)
      expect(await call).to.deep.equal([7])
      clearInterval(ticks)
      await waitFor(() => sources.openCount === 0)
    })
  })
}

describe('an idle source', () => {
  it('is released when the reader of its HTTP stream goes away', async () => {
    const sources = new Sources()
    const server = new Server({ limits: { maxCallsInFlight: 4, cancelGraceMs: 60_000 } })
    server.addActions({ stream: (kind: string) => sources.kinds[kind]?.() })
    const { url } = await listenWeb(server, { port: 0, gateways: [http()] })
    let opened = 0
    for (const accept of ['text/event-stream', 'application/x-ndjson']) {
      for (const kind of Object.keys(sources.kinds)) {
        const abort = new AbortController()
        const headers = { accept, 'content-type': 'application/json', connection: 'close' }
        const body = JSON.stringify(kind)
        const answer = fetch(`${url}/actions/stream`, { method: 'POST', headers, body, signal: abort.signal })
        answer.catch(() => undefined)
        opened++
        await waitFor(() => sources.opened.length === opened)
        abort.abort()
        await waitFor(() => sources.openCount === 0)
      }
    }
    await server.shutdown({ graceMs: 100 })
  })

  it('that was never read is released with its call', async () => {
    const client = new Client('127.0.0.1', 1, { retry: 0 })
    const readable = Readable.from(['never read'])
    const emitter = new EventEmitter()
    for (const source of [readable, on(emitter, 'tick')])
      expect(await failureOf(client.runAction('upload', source))).to.have.property('notStarted', true)
    expect([readable.destroyed, emitter.listenerCount('tick')]).to.deep.equal([true, 0])
    await client.close()
  })

  it('of a generator that waits is told by the signal, and ended with it', async () => {
    const world = new World()
    let isOpen = false
    const emitter = new EventEmitter()
    class Events extends Action {
      async *action(_: undefined, { signal }: Context) {
        isOpen = true
        try {
          for await (const [event] of on(emitter, 'tick', { signal })) yield event
        } finally {
          isOpen = false
        }
      }
    }
    await world.serve([new Events()])
    const call = world.client().runAction(Events)
    const outcome = call.outcome()
    await settle()
    expect(isOpen).to.equal(true)
    call.cancel()
    await outcome
    await settle()
    expect([isOpen, emitter.listenerCount('tick')]).to.deep.equal([false, 0])
    await world.close()
  })
})

describe('a handler that runs on after its caller gave up', () => {
  let world: World
  let work: Work
  let client: Client

  class Stuck extends Action {
    async *action() {
      yield await forever<number>()
    }
  }

  const limits = { maxCallsInFlight: 3, cancelGraceMs: 500 }
  const giveUp = async (action: typeof Work | typeof Stuck, count: number) => {
    const calls = Array.from({ length: count }, () => client.runAction(action as typeof Work))
    const outcomes = calls.map((call) => call.outcome())
    await settle()
    for (const call of calls) call.cancel()
    await Promise.all(outcomes)
    await settle()
  }

  beforeEach(async () => {
    world = new World()
    work = new Work()
    await world.serve([work, new Stuck()], { limits })
    client = world.client()
  })

  afterEach(async () => {
    for (const run of work.runs) run.finish()
    await world.close()
  })

  for (const action of [Work, Stuck]) {
    it(`keeps its place for the grace, not longer (${action.name})`, async () => {
      await giveUp(action, 3)
      const next = client.runAction('isock.ping')
      await settle()
      await world.clock.advance(499)
      expect(next.id, 'its place').to.equal(0)
      await world.clock.advance(1)
      expect(await next.outcome()).to.have.property('ok', true)
    })
  }

  it('is counted until it ends: no more than a full set of them is left behind', async () => {
    await giveUp(Work, 3)
    await world.clock.advance(500)
    await giveUp(Work, 3)
    await world.clock.advance(5_000)
    expect(work.runs).to.have.length(6)
    const next = client.runAction(Work, 'next')
    await settle()
    expect(work.runs, 'runs when six go on').to.have.length(6)
    work.runs[0]?.finish()
    await world.clock.advance(1)
    expect(work.runs, 'runs when one of them has ended').to.have.length(7)
    work.runs[6]?.finish('done')
    expect(await next).to.equal('done')
  })

  it('may still end in time, and then frees its place itself', async () => {
    await giveUp(Work, 3)
    work.runs[1]?.finish()
    await settle()
    expect(await client.runAction('isock.ping').outcome()).to.have.property('ok', true)
  })
})

describe('two next() at the same time', () => {
  let world: World

  beforeEach(() => {
    world = new World()
  })

  afterEach(() => world.close())

  class Count extends Action {
    async *action(count: number) {
      for (let n = 1; n <= count; n++) {
        await settle()
        yield n
      }
      return 'the end'
    }
  }
  class Pair extends Action {
    async action(numbers: AsyncIterable<number>) {
      const items = numbers[Symbol.asyncIterator]()
      const steps = await Promise.all([items.next(), items.next(), items.next()])
      return steps.map(({ done, value }) => (done ? 'done' : value))
    }
  }
  class Leave extends Action {
    async action(numbers: AsyncIterable<number>) {
      const items = numbers[Symbol.asyncIterator]()
      const waiting = [items.next(), items.next()]
      await items.return?.()
      const steps = await Promise.all([...waiting, items.next()])
      return steps.map(({ done }) => done)
    }
  }

  it('of a call settle in order, at its end too', async () => {
    await world.serve([new Count()])
    const items = world.client().runAction(Count, 2)[Symbol.asyncIterator]()
    const steps = await Promise.all([items.next(), items.next(), items.next(), items.next()])
    expect(steps.map(({ done, value }) => [done, value])).to.deep.equal([
      [false, 1],
      [false, 2],
      [true, 'the end'],
      [true, 'the end'],
    ])
  })

  it("of an action's input settle in order, and when it is left", async () => {
    await world.serve([new Pair(), new Leave()])
    async function* numbers() {
      for (const n of [1, 2]) {
        await settle()
        yield n
      }
    }
    const client = world.client()
    expect(await client.runAction(Pair, numbers())).to.deep.equal([1, 2, 'done'])
    expect(await client.runAction(Leave, on(new EventEmitter(), 'never') as never)).to.deep.equal([true, true, true])
  })
})

describe('a signal that lives on', () => {
  it('has one listener for all calls that follow it, and none after them', async () => {
    const world = new World()
    const work = new Work()
    await world.serve([work])
    const client = world.client()
    const { signal } = new AbortController()
    const parent = { signal: new AbortController().signal, remainingMs: 60_000 }
    const listeners = () => [signal, parent.signal].map((each) => getEventListeners(each, 'abort').length)
    const calls = Array.from({ length: 20 }, () => client.runAction(Work, undefined, { signal, parent }))
    await settle()
    expect(listeners()).to.deep.equal([1, 1])
    for (const run of work.runs) run.finish()
    await Promise.all(calls)
    expect(listeners()).to.deep.equal([0, 0])
    await world.close()
  })
})
