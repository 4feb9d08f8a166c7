// One of everything that client and server say to each other, and what came of it, as text.
import { Action, ActionError, CancelledError, Client, type Context, type Limits, Server } from '../../lib/index.ts'

class Refused extends ActionError {
  readonly left: number

  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

/** How often each handler ran, by the name of what asked for it. */
export type Runs = Map<string, number>

class Echo extends Action<{ name: string; value: unknown }, unknown> {}
class Refuse extends Action<number, never> {
  static override errors = [Refused]
}
class Double extends Action<AsyncIterable<number>, string, number> {}
class Wait extends Action<undefined, never> {}
class AskBack extends Action<string, string> {}

const token = 'every byte counts'

const limits: Partial<Limits> = {
  heartbeatMs: 60,
  deadAfterMs: 180,
  frameTimeoutMs: 180,
  handshakeTimeoutMs: 250,
  streamWindowBytes: 4_096,
}

export async function startServer(runs: Runs): Promise<Server> {
  const count = (name: string): void => {
    runs.set(name, (runs.get(name) ?? 0) + 1)
  }
  const server = new Server({ port: 0, token, limits })
  server.addAction(Echo, ({ name, value }) => {
    count(name)
    return value
  })
  server.addAction(Refuse, (left) => {
    count('refuse')
    throw new Refused(left)
  })
  server.addAction(Double, async function* (numbers) {
    count('double')
    let sum = 0
    for await (const n of numbers) {
      sum += n
      yield n * 2
    }
    return `sum ${sum}`
  })
  server.addAction(Wait, (_data, { signal }) => {
    count('wait')
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  })
  server.addAction(AskBack, async (question, context: Context) => {
    count('ask back')
    return `${await context.client.runAction('answer', question)}!`
  })
  return server.listen()
}

/** Holds the conversation through a port and writes down what was said. */
export async function converse(port: number, clientRuns: Runs): Promise<string[]> {
  const client = new Client('127.0.0.1', port, { token, limits, retry: 10, backoff: { minMs: 1, maxMs: 20 } })
  client.addActions({
    answer: (question: string) => {
      clientRuns.set('answer', (clientRuns.get('answer') ?? 0) + 1)
      return question.toUpperCase()
    },
  })
  const transcript: string[] = []
  const say = async (name: string, act: () => PromiseLike<unknown>): Promise<void> => {
    const said = await Promise.resolve(act()).then(
      (value) => JSON.stringify(value),
      (error: Error & { left?: number }) =>
        `${error.constructor.name} ${error.left ?? ''} ${error instanceof CancelledError ? '' : error.message}`,
    )
    transcript.push(`${name}: ${said}`)
  }
  try {
    await say('first', () => client.runAction(Echo, { name: 'first', value: 'hello' }))
    await say('date', () => client.runAction(Echo, { name: 'date', value: new Date(0) }))
    await say('refuse', () => client.runAction(Refuse, 3))
    await say('double', () => doubles(client))
    await say('cancel', () => cancelled(client))
    await say('ask back', () => client.runAction(AskBack, 'why'))
    await say('both', () => Promise.all([1, 2].map((n) => client.runAction(Echo, { name: `both ${n}`, value: n }))))
  } finally {
    await client.close()
  }
  return transcript
}

async function doubles(client: Client): Promise<unknown[]> {
  const items: unknown[] = []
  const call = client.runAction(Double, numbers())
  for await (const item of call) items.push(item)
  return [...items, await call]
}

async function* numbers(): AsyncGenerator<number> {
  for (let i = 0; i < 8; i++) yield i
}

async function cancelled(client: Client): Promise<unknown> {
  const call = client.runAction(Wait)
  // When another call was answered, this one was sent before it.
  await client.runAction(Echo, { name: 'before cancel', value: 1 })
  call.cancel()
  return call
}
