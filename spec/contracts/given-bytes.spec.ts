// A program fills one buffer again and again, as read loops do: what arrives is what it gave each time.

import { expect } from 'chai'
import {
  Action,
  Channel,
  type Client,
  type Context,
  Process,
  type ProcessContext,
  Service,
  type ServiceContext,
  transfer,
} from '../../lib/index.ts'
import { threads } from '../../lib/threads.ts'
import { longIt } from '../setup/long.ts'
import { Served, serverLinks } from '../setup/server-links.ts'
import { waitFor } from '../setup/wait-for.ts'
import { RefillThere } from '../threads/thread-actions.ts'

const count = 6
/** Below and above what is copied into the memory of frames. */
const sizes = [4 * 1024, 64 * 1024]
/** How bytes stand in a value: alone, in a plain one, in one that JSON has no type for. */
const forms: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  alone: (bytes) => bytes,
  'in an object': (bytes) => ({ n: 1, bytes }),
  'in a rich value': (bytes) => ({ at: new Date(0), bytes }),
}

/** The number that all bytes of a value are; NaN for a mixture. */
function numberIn(value: unknown): number {
  const bytes = value instanceof Uint8Array ? value : (value as { bytes: Uint8Array }).bytes
  return bytes.every((byte) => byte === bytes[0]) ? (bytes[0] as number) : Number.NaN
}

const numbers = Array.from({ length: count }, (_, n) => n)
/** What the actions give, set by each case. */
let shared = new Uint8Array(0)
let form: (bytes: Uint8Array) => unknown = (bytes) => bytes

class Yields extends Action {
  async *action() {
    for (const n of numbers) {
      shared.fill(n)
      yield form(shared)
    }
  }
}
class Emits extends Action {
  async action(_: undefined, { emit }: Context) {
    for (const n of numbers) {
      shared.fill(n)
      await emit(form(shared) as never)
    }
    shared.fill(99)
  }
}
class Returns extends Action {
  action(n: number) {
    shared.fill(n)
    return form(shared)
  }
}
class Takes extends Action {
  action(value: unknown) {
    return numberIn(value)
  }
}
class TakesMany extends Action {
  async action(values: AsyncIterable<unknown>) {
    const seen: number[] = []
    for await (const value of values) seen.push(numberIn(value))
    return seen
  }
}
class News extends Channel<unknown> {
  static override channelName = 'news'
  static override history = { size: 100 }

  override canPublish() {
    return true
  }
}
class Ticker extends Process<{ tick: unknown }> {
  override readonly startsWithServer = false

  override async run({ output, signal }: ProcessContext<{ tick: unknown }>) {
    await waitFor(() => output.listenerCount > 0)
    for (const n of numbers) {
      shared.fill(n)
      output.send('tick', form(shared))
    }
    shared.fill(99)
    output.finish()
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
}
class Responder extends Service<null, undefined, unknown> {
  override init() {
    return null
  }
  override async exec(state: null, _: undefined, { respond }: ServiceContext) {
    for (const n of numbers) {
      shared.fill(n)
      await respond(form(shared))
    }
    shared.fill(99)
    return state
  }
}

async function allOf(values: AsyncIterable<unknown>): Promise<number[]> {
  const seen: number[] = []
  for await (const value of values) seen.push(numberIn(value))
  return seen
}

for (const link of serverLinks.filter(({ name }) => ['memory', 'tcp', 'a WebSocket'].includes(name))) {
  describe(`bytes that are given over ${link.name}`, () => {
    let served: Served
    let client: Client

    before(async () => {
      served = await Served.over(link)
      const { server } = served
      server.addFeature(threads())
      for (const action of [Yields, Emits, Returns, Takes, TakesMany, RefillThere]) server.addAction(new action())
      server.addChannel(new News()).addProcess(new Ticker()).addService(new Responder())
      client = await served.client()
      await client.service(Responder).initialize()
    })

    after(() => served.close())

    for (const size of sizes) {
      for (const [name, made] of Object.entries(forms)) {
        describe(`${size} of them, ${name}`, () => {
          beforeEach(() => {
            shared = new Uint8Array(size)
            form = made
          })

          it('as data of calls', async () => {
            const calls = numbers.map((n) => {
              shared.fill(n)
              return client.runAction(Takes, form(shared))
            })
            shared.fill(99)
            expect(await Promise.all(calls)).to.deep.equal(numbers)
          })

          it('as results of runs at the same time', async () => {
            const results = await Promise.all(numbers.map((n) => client.runAction(Returns, n)))
            expect(results.map(numberIn)).to.deep.equal(numbers)
          })

          it('as items of a generator', async () => {
            expect(await allOf(client.runAction(Yields) as never)).to.deep.equal(numbers)
          })

          it('as items that are emitted', async () => {
            expect(await allOf(client.runAction(Emits) as never)).to.deep.equal(numbers)
          })

          it('as items of an input', async () => {
            async function* source() {
              for (const n of numbers) {
                shared.fill(n)
                yield form(shared)
              }
              shared.fill(99)
            }
            expect(await client.runAction(TakesMany, source())).to.deep.equal(numbers)
          })

          it('as messages of a channel, and in its history', async () => {
            const { server } = served
            const key = `${size} ${name}`
            const subscription = client.subscribe(News, { key })
            await subscription.ready
            const seen = (async () => {
              const all: number[] = []
              for await (const message of subscription) if (all.push(numberIn(message)) === 2 * count) break
              return all
            })()
            for (const n of numbers) {
              shared.fill(n)
              await server.publish(News, form(shared), { key })
            }
            const published = numbers.map((n) => {
              shared.fill(n)
              return server.publish(News, form(shared), { key })
            })
            shared.fill(99)
            await Promise.all(published)
            expect(await seen).to.deep.equal([...numbers, ...numbers])
            const history = () =>
              server
                .channel(News)
                .history({ key })
                .map(({ message }) => message)
            for (const message of history()) if (message instanceof Uint8Array) message.fill(98)
            expect(history().map(numberIn)).to.deep.equal([...numbers, ...numbers])
          })

          it('as messages that a client publishes', async () => {
            const key = `of a client ${size} ${name}`
            const published = numbers.map((n) => {
              shared.fill(n)
              return client.publish(News, form(shared), { key })
            })
            shared.fill(99)
            await Promise.all(published)
            const kept = served.server
              .channel(News)
              .history({ key })
              .map(({ message }) => numberIn(message))
            expect(kept.sort()).to.deep.equal(numbers)
          })

          it('as events of a process', async () => {
            served.server.process('Ticker').start()
            const seen: number[] = []
            for await (const { data } of client.onProcess(Ticker)) seen.push(numberIn(data))
            expect(seen).to.deep.equal(numbers)
            await waitFor(() => served.server.process('Ticker').state === 'finished')
          })

          it('as responses of a service', async () => {
            const responder = client.service(Responder)
            expect(await allOf(responder.responses() as never)).to.deep.equal(numbers)
          })

          const threadIt: typeof longIt = link.name === 'memory' && size === sizes[0] ? it : longIt
          threadIt('as items of an action in a thread', async () => {
            const items = client.runAction(RefillThere, { size, count, isAlone: name === 'alone' })
            expect(await allOf(items as never)).to.deep.equal(numbers)
          })

          it('as bytes that were given away', async () => {
            const bytes = new Uint8Array(size).fill(7)
            expect(await client.runAction(Takes, form(transfer(bytes)))).to.equal(7)
            expect(bytes.length).to.equal(0)
          })
        })
      }
    }
  })
}
