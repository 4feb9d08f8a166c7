// What a client keeps of subscriptions that are over: nothing.
import { expect } from 'chai'
import { Channel } from '../../lib/index.ts'
import { createHarness, type Harness } from '../../lib/testing/harness.ts'
import { untilForgotten } from '../setup/garbage.ts'

class News extends Channel<string> {}

describe('A client keeps nothing', () => {
  let harness: Harness

  beforeEach(async () => {
    harness = await createHarness()
    harness.server.addChannel(new News())
  })

  afterEach(() => harness.close())

  const begin = {
    'of subscriptions that are over': () => harness.client.subscribe(News),
    'of looks at presence that are over': () => harness.client.watchPresence(News),
  }
  for (const [what, beginOne] of Object.entries(begin))
    it(what, async () => {
      const begun: WeakRef<object>[] = []
      const beginAndEnd = async (): Promise<void> => {
        const stream = beginOne()
        begun.push(new WeakRef(stream))
        await stream.ready
        stream.unsubscribe()
        await stream.done
      }
      for (let i = 0; i < 10; i++) await beginAndEnd()
      await untilForgotten(begun, 'ten that are over')
      expect(harness.server.sessions).to.have.length(1)
    }).timeout(30_000)
})
