// The processes of a fan-out: `worker.js publisher <module> <subscribers>` serves and publishes, and starts the other one,
// `worker.js subscribers ...`, which holds all subscribers. They talk to each other directly, once for each burst.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { takeOrders } from '../child.ts'
import { type Usage, watchUsage } from '../usage.ts'
import { type FanoutContender, messageAt, type ServedTopic } from './contender.ts'

export type FanoutOrder =
  | { readonly do: 'publish'; readonly burst: Burst; readonly ms: number }
  | { readonly do: 'close' }

/** Messages that are published before the next ones wait for all to have arrived. */
export interface Burst {
  readonly messages: number
  /** Each in a turn of the event loop of its own: no two share a write. */
  readonly isSpread: boolean
}

export interface FannedOut {
  readonly deliveries: number
  readonly seconds: number
  readonly publisher: Usage
  readonly subscribers: Usage
}

type ToSubscribers = { readonly do: 'expect'; readonly deliveries: number } | { readonly do: 'watch' | 'usage' }

class Publisher {
  readonly #topic: ServedTopic
  readonly #deliveriesPerMessage: number
  readonly #subscribers: ChildProcess
  #published = 0

  private constructor(topic: ServedTopic, deliveriesPerMessage: number, subscribers: ChildProcess) {
    this.#topic = topic
    this.#deliveriesPerMessage = deliveriesPerMessage
    this.#subscribers = subscribers
  }

  static async start(contender: FanoutContender, module: string, count: number): Promise<Publisher> {
    const topic = await contender.serve()
    const args = ['subscribers', module, String(count), String(topic.port)]
    const subscribers = fork(fileURLToPath(import.meta.url), args, { execArgv: [] })
    await answerOf(subscribers) // they are connected
    return new Publisher(topic, contender.deliveriesTo?.(count) ?? count, subscribers)
  }

  async obey(order: FanoutOrder): Promise<unknown> {
    if (order.do === 'publish') return this.#publishFor(order.burst, order.ms)
    this.#subscribers.kill()
    await this.#topic.close()
    return true
  }

  /** Publishes bursts until the time is over, each when the last one has arrived everywhere. */
  async #publishFor(burst: Burst, ms: number): Promise<FannedOut> {
    const before = this.#published
    await this.#ask({ do: 'watch' })
    const usageSince = watchUsage()
    const startedAt = performance.now()
    do await this.#publish(burst)
    while (performance.now() - startedAt < ms)
    const seconds = (performance.now() - startedAt) / 1_000
    const publisher = usageSince()
    const subscribers = (await this.#ask({ do: 'usage' })) as Usage
    const deliveries = (this.#published - before) * this.#deliveriesPerMessage
    return { deliveries, seconds, publisher, subscribers }
  }

  async #publish({ messages, isSpread }: Burst): Promise<void> {
    const deliveries = (this.#published + messages) * this.#deliveriesPerMessage
    const haveCome = this.#ask({ do: 'expect', deliveries })
    for (let i = 0; i < messages; i++) {
      void this.#topic.publish(messageAt(this.#published++))
      if (isSpread) await setImmediate()
    }
    await haveCome
  }

  #ask(message: ToSubscribers): Promise<unknown> {
    const answer = answerOf(this.#subscribers)
    this.#subscribers.send(message, () => undefined)
    return answer
  }
}

async function answerOf(subscribers: ChildProcess): Promise<unknown> {
  const gone = new AbortController()
  const end = (): void => gone.abort()
  subscribers.once('exit', end)
  try {
    const [{ result }] = (await once(subscribers, 'message', { signal: gone.signal })) as [{ result: unknown }]
    return result
  } catch (error) {
    if (gone.signal.aborted) throw new Error("the subscribers' process ended", { cause: error })
    throw error
  } finally {
    subscribers.off('exit', end)
  }
}

/** Counts all that ever came: messages may be here before what says how many to expect. */
async function subscribe(contender: FanoutContender, port: number, count: number): Promise<void> {
  let came = 0
  let expected = Number.POSITIVE_INFINITY
  let usageSince = watchUsage()
  const answer = (result: unknown): void => void process.send?.({ result })
  const tellWhenAllCame = (): void => {
    if (came < expected) return
    expected = Number.POSITIVE_INFINITY
    answer('all came')
  }
  await contender.connect(port, count, (more) => {
    came += more
    tellWhenAllCame()
  })
  process.on('message', (message: ToSubscribers) => {
    if (message.do === 'expect') {
      expected = message.deliveries
      tellWhenAllCame()
    } else if (message.do === 'usage') answer(usageSince())
    else {
      usageSince()
      usageSince = watchUsage()
      answer('watching')
    }
  })
  process.on('disconnect', () => process.exit())
  answer('connected')
}

const [, , role, module = '', count, port] = process.argv
const { contender } = (await import(`../${module}`)) as { contender: FanoutContender }
if (role === 'subscribers') await subscribe(contender, Number(port), Number(count))
else {
  const publisher = await Publisher.start(contender, module, Number(count))
  takeOrders((order: FanoutOrder) => publisher.obey(order))
}
