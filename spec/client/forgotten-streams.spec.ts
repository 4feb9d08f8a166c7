// What a client keeps of subscriptions and of listening to processes that are over: nothing.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { Channel, type Client, Process, type ProcessContext, type Server } from '../../lib/index.ts'
import { createHarness, type Harness } from '../../lib/testing/harness.ts'
import { waitFor } from '../setup/wait-for.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

class News extends Channel<string> {}

class Clock extends Process<{ tick: number }> {
  run({ signal }: ProcessContext<{ tick: number }>) {
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
}

interface Lasting {
  readonly ready: Promise<void>
  readonly done: Promise<void>
}

describe('A client that has ended', () => {
  let harness: Harness
  let client: Client
  let server: Server

  beforeEach(async () => {
    harness = await createHarness()
    client = harness.client
    server = harness.server.addChannel(new News()).addProcess(new Clock())
  })

  afterEach(() => harness.close())

  const ways: Record<string, [begin: () => Lasting, end: (lasting: never) => void]> = {
    'subscriptions keeps none of them': [
      () => client.subscribe(News),
      (lasting: { unsubscribe(): void }) => lasting.unsubscribe(),
    ],
    'looks at presence keeps none of them': [
      () => client.watchPresence(News),
      (lasting: { unsubscribe(): void }) => lasting.unsubscribe(),
    ],
    'listening to processes keeps none of it': [
      () => client.onProcess(Clock),
      (lasting: { stop(): void }) => lasting.stop(),
    ],
  }
  for (const [what, [begin, end]] of Object.entries(ways))
    it(what, async () => {
      const begun: WeakRef<Lasting>[] = []
      const beginAndEnd = async (): Promise<void> => {
        const lasting = begin()
        begun.push(new WeakRef(lasting))
        await lasting.ready
        end(lasting as never)
        await lasting.done
      }
      for (let i = 0; i < 10; i++) await beginAndEnd()
      const isGone = (): boolean => {
        collectGarbage()
        return begun.every((lasting) => lasting.deref() === undefined)
      }
      await waitFor(isGone, { timeoutMs: 15_000, what: 'ten that are over to be forgotten' })
      expect(server.sessions).to.have.length(1)
    })
})
