// Calls begin outside of every AsyncLocalStorage run: what one caller's program keeps there never reaches another's.

import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { http } from '../../lib/gateways/http/http.ts'
import {
  Action,
  Channel,
  Client,
  type Context,
  Guard,
  IntervalTask,
  MemoryNetwork,
  Process,
  type ProcessContext,
  Server,
  type ServerOptions,
} from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { serverLinks } from '../setup/server-links.ts'
import { waitFor } from '../setup/wait-for.ts'

const user = new AsyncLocalStorage<string>()

/** What the action's handler sees of the user. */
class WhoAmI extends Action {
  action(_?: string) {
    return user.getStore() ?? 'nobody'
  }
}

/** Takes more of the processor than a slice, so that the calls behind it wait. */
class Busy extends Action {
  action(ms: number) {
    for (const end = performance.now() + ms; performance.now() < end; );
    return user.getStore() ?? 'nobody'
  }
}

/** Changes the context for all that follows synchronously. */
class Enter extends Action {
  async action(name: string) {
    user.enterWith(name)
    await nextTurn()
    return user.getStore() ?? 'nobody'
  }
}

class News extends Channel<string> {}

class AskClient extends Action {
  action(_: undefined, { client }: Context) {
    return client.runAction(WhoAmI)
  }
}

for (const link of serverLinks) {
  describe(`the AsyncLocalStorage context over ${link.name}`, () => {
    if (link.missing !== undefined) return
    let server: Server
    let clients: Client[]
    let connectAs: (name: string) => Promise<Client>
    let release: () => void

    beforeEach(async () => {
      const place = link.place()
      release = () => place.release()
      server = new Server(place.server)
      server.addAction(new WhoAmI()).addAction(new Busy()).addAction(new Enter()).addAction(new AskClient())
      server.addChannel(new News())
      const address = await user.run('who listens', () => place.listen(server))
      clients = []
      connectAs = async (name) => {
        const client = new Client(address, place.client)
        client.addAction(new WhoAmI())
        clients.push(client)
        await user.run(name, () => client.connect())
        return client
      }
    })

    afterEach(async () => {
      await Promise.all(clients.map((client) => client.close()))
      await server.shutdown({ graceMs: 100 })
      release()
    })

    it('is empty in a handler, whoever opened the link or the server', async () => {
      const ann = await connectAs('ann')
      expect(await user.run('bob', () => ann.runAction(WhoAmI))).to.equal('nobody')
    })

    it('is empty in handlers that waited for their turn', async () => {
      const [ann, bob] = [await connectAs('ann'), await connectAs('bob')]
      const calls = [
        ...user.run('ann', () => [ann.runAction(Enter, 'ann'), ann.runAction(Busy, 15), ann.runAction(WhoAmI)]),
        ...user.run('bob', () => [bob.runAction(Busy, 15), bob.runAction(WhoAmI), bob.runAction(WhoAmI)]),
      ]
      expect(await Promise.all(calls)).to.deep.equal(['ann', ...Array(5).fill('nobody')])
    })

    it('that one handler enters does not reach those of the same chunk', async () => {
      const ann = await connectAs('ann')
      const all = await Promise.all([ann.runAction(Enter, 'eve'), ann.runAction(WhoAmI), ann.runAction(WhoAmI)])
      expect(all).to.deep.equal(['eve', 'nobody', 'nobody'])
      expect(await ann.runAction(WhoAmI)).to.equal('nobody')
    })

    it("is empty in a client's own actions, and its caller's where a call is awaited", async () => {
      const ann = await connectAs('ann')
      const [theirs, mine] = await user.run('bob', async () => [await ann.runAction(AskClient), user.getStore()])
      expect([theirs, mine]).to.deep.equal(['nobody', 'bob'])
    })

    it('of who subscribed is seen by the handler of a subscription', async () => {
      const [ann, bob] = [await connectAs('ann'), await connectAs('bob')]
      const seen: (string | undefined)[] = []
      const handler = () => void seen.push(user.getStore())
      await user.run('ann reads', () => ann.subscribe(News, handler)).ready
      await user.run('bob reads', () => bob.subscribe(News, handler)).ready
      await user.run('eve', () => server.publish(News, 'extra'))
      await waitFor(() => seen.length === 2)
      expect(seen.sort()).to.deep.equal(['ann reads', 'bob reads'])
    })
  })
}

describe('the AsyncLocalStorage context of', () => {
  let network: MemoryNetwork
  let server: Server
  let opened: (Client | Server)[]

  const serve = async (options: ServerOptions = {}, address = 'memory:here') => {
    server = new Server(address, { network, ...(options as object) })
    opened.push(server)
    return server
  }
  const connect = (options: object = {}, address = 'memory:here') => {
    const client = new Client(address, { network, ...options })
    opened.unshift(client)
    return client
  }

  beforeEach(() => {
    network = new MemoryNetwork()
    opened = []
  })

  afterEach(async () => {
    for (const each of opened) await (each instanceof Client ? each.close() : each.shutdown({ graceMs: 100 }))
  })

  it('a generator given as input is that of its caller, in each step', async () => {
    class Sum extends Action {
      async action(numbers: AsyncIterable<number>) {
        let sum = 0
        for await (const n of numbers) {
          await nextTurn()
          sum += n
        }
        return sum
      }
    }
    await serve({ limits: { streamWindowBytes: 1_024 } })
    await server.addAction(new Sum()).listen()
    const client = connect()
    const seen = new Set<string | undefined>()
    async function* numbers() {
      for (let n = 0; n < 5; n++) {
        seen.add(user.getStore())
        yield n
      }
    }
    expect(await user.run('ann', () => client.runAction(Sum, numbers()))).to.equal(10)
    expect([...seen]).to.deep.equal(['ann'])
  })

  it('guards is empty, and what they enter stays theirs', async () => {
    const seen: (string | undefined)[] = []
    class Entering extends Guard<string> {
      check() {
        seen.push(user.getStore())
        user.enterWith('the guard')
        return true
      }
    }
    await serve({ guards: [new Entering()] })
    await server.addAction(new WhoAmI()).listen()
    for (const name of ['ann', 'bob'])
      expect(await user.run(name, () => connect().runAction(WhoAmI))).to.equal('nobody')
    expect(seen).to.deep.equal([undefined, undefined])
  })

  it('actions over HTTP is empty, beside a server of the user', async () => {
    await serve()
    server.addAction(new WhoAmI())
    const mine = createServer()
    const emit = mine.emit.bind(mine)
    // What a middleware does for each request.
    Object.assign(mine, { emit: (...event: Parameters<typeof emit>) => user.run('of the request', emit, ...event) })
    await new Promise<void>((resolve) => mine.listen(0, '127.0.0.1', resolve))
    await listenWeb(server, { server: mine, gateways: [http()] })
    const { port } = mine.address() as { port: number }
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'one', connection: 'close' }
    const answer = await fetch(`http://127.0.0.1:${port}/actions/WhoAmI`, { method: 'POST', body: '"x"', headers })
    expect(await answer.json()).to.equal('nobody')
    await new Promise((resolve) => mine.close(resolve))
  })

  it('what an action starts at its server (a process, a task) is empty', async () => {
    const seen: Record<string, string | undefined> = {}
    class Counter extends Process {
      override startsWithServer = false
      async run(_: ProcessContext) {
        seen['process'] = user.getStore() ?? 'nobody'
      }
    }
    class Cleanup extends IntervalTask {
      intervalMs() {
        return 1
      }

      run() {
        seen['task'] = user.getStore() ?? 'nobody'
      }
    }
    class Begin extends Action {
      action() {
        user.run('ann', () => {
          server.process('Counter').start()
          server.addTask(new Cleanup())
        })
      }
    }
    await serve()
    await server.addAction(new Begin()).addProcess(new Counter()).listen()
    await connect().runAction(Begin)
    await waitFor(() => Object.keys(seen).length === 2)
    expect(seen).to.deep.equal({ process: 'nobody', task: 'nobody' })
  })

  it("listeners of a handler's signal is not another caller's, when its time runs out", async () => {
    const events = new EventEmitter()
    class Wait extends Action {
      async action(_: undefined, { signal }: Context) {
        const onAbort = () => events.emit('aborted', user.getStore() ?? 'nobody')
        signal.addEventListener('abort', onAbort)
        await once(signal, 'abort')
      }
    }
    await serve()
    await server.addAction(new Wait()).listen()
    const client = connect()
    const aborted = once(events, 'aborted')
    const call = user.run('ann', () => client.runAction(Wait, undefined, { timeoutMs: 500 }))
    await call.outcome()
    expect(await aborted).to.deep.equal(['nobody'])
  })

  it('onReconnect is that of who subscribed', async () => {
    await serve()
    await server.addChannel(new News()).listen()
    const client = connect({ backoff: { minMs: 1, maxMs: 2 } })
    let seen: string | undefined
    const onReconnect = () => {
      seen = user.getStore()
    }
    const subscription = user.run('ann', () => client.subscribe(News, { onReconnect }))
    await subscription.ready
    await server.shutdown({ graceMs: 0 })
    await serve()
    await server.addChannel(new News()).listen()
    await waitFor(() => seen !== undefined)
    expect(seen).to.equal('ann')
    subscription.unsubscribe()
  })

  describe('a run with inheritContext', () => {
    /** How much time the run that asks for it has left. */
    class Left extends Action {
      action(_: undefined, { remainingMs }: Context) {
        return remainingMs
      }
    }

    it('holds in each step of a generator', async () => {
      await serve({}, 'memory:inner')
      await server.addAction(new Left()).listen()
      const inner = connect({}, 'memory:inner')
      class Steps extends Action {
        async *action(count: number) {
          for (let i = 0; i < count; i++) yield await inner.runAction(Left)
        }
      }
      class PlainSteps extends Action {
        *action(count: number): Generator<number, number, undefined> {
          for (let i = 0; i < count; i++) {
            lefts.push(inner.runAction(Left))
            yield i
          }
          return count
        }
      }
      const lefts: PromiseLike<number>[] = []
      await serve({ inheritContext: true, limits: { streamWindowBytes: 1_024 } })
      await server.addAction(new Steps()).addAction(new PlainSteps()).listen()
      const client = connect()
      const seen: number[] = []
      for await (const left of client.runAction(Steps, 4, { timeoutMs: 50_000 })) {
        seen.push(left)
        await nextTurn()
      }
      for await (const _ of client.runAction(PlainSteps, 4, { timeoutMs: 50_000 })) await nextTurn()
      seen.push(...(await Promise.all(lefts)))
      expect(seen).to.have.length(8)
      for (const left of seen) expect(left).to.be.within(1, 50_000)
    })

    it('does not reach what a client does on a link that the run opened', async () => {
      await serve({}, 'memory:inner')
      await server.addChannel(new News()).addAction(new AskClient()).listen()
      const other = server
      const inner = connect({ backoff: { minMs: 1, maxMs: 2 } }, 'memory:inner')
      inner.addActions({ WhoAmI: () => inner.runAction('isock.ping').then(() => 'in time') })
      const read: string[] = []
      let run: Context | undefined
      class Open extends Action {
        async action(_: undefined, context: Context) {
          run = context
          await inner.subscribe(News, (message) => void read.push(message)).ready
        }
      }
      await serve({ inheritContext: true })
      await server.addAction(new Open()).listen()
      await connect().runAction(Open, undefined, { timeoutMs: 200 })
      await waitFor(() => run?.remainingMs === 0)
      const [session] = other.sessions
      expect(await session?.runAction(WhoAmI)).to.equal('in time')
      // The subscription begins again although the run that began it is over.
      await other.shutdown({ graceMs: 0 })
      await serve({}, 'memory:inner')
      await server.addChannel(new News()).listen()
      await waitFor(() => {
        void server.publish(News, 'again')
        return read.length > 0
      })
    })
  })
})
