// A loop that has asked for its first item is a reader, also while it waits for its turn: nothing that arrives meanwhile is discarded.
import { expect } from 'chai'
import { Action, Channel, Client, Server } from 'isock'
import { platformClock } from '../../lib/core/base/clock.ts'
import { turnsOf } from '../../lib/core/base/handler-turns.ts'

const count = 200
/** Together several times the window of a stream. */
const text = 'x'.repeat(8 * 1_024)

class Texts extends Action {
  async *action() {
    for (let i = 0; i < count; i++) yield `${i} ${text}`
  }
}

class News extends Channel<string> {
  static override channelName = 'News'
  static override history = { size: count }
}

/** Other handlers take all of the next turns. */
function takeTurns(): void {
  const turns = turnsOf(platformClock)
  for (let i = 0; i < 40; i++)
    turns.later(() => {
      const beganAt = performance.now()
      while (performance.now() - beganAt < 9);
      turns.spentSince(beganAt)
    })
}

describe('The first item of a loop that has to wait for its turn', () => {
  let server: Server
  let client: Client

  beforeEach(async () => {
    server = new Server('127.0.0.1', 0, { limits: { streamWindowBytes: 64 * 1_024 } })
    server.addAction(new Texts()).addChannel(new News())
    await server.listen()
    client = new Client(server.addresses[0] as string, { limits: { streamWindowBytes: 64 * 1_024 } })
    await client.connect()
  })

  afterEach(async () => {
    await client.close()
    await server.shutdown({ graceMs: 100 })
  })

  it('is there, and all others too, where a call is iterated', async () => {
    takeTurns()
    const numbers: number[] = []
    for await (const item of client.runAction(Texts)) numbers.push(Number.parseInt(item, 10))
    expect(numbers).to.deep.equal(Array.from({ length: count }, (_, i) => i))
  })

  it('is there, and all others too, where a subscription is iterated', async () => {
    for (let i = 0; i < count; i++) await server.publish(News, `${i} ${text}`)
    const subscription = client.subscribe(News, { since: 'oldest' })
    takeTurns()
    const numbers: number[] = []
    for await (const message of subscription) {
      numbers.push(Number.parseInt(String(message), 10))
      if (numbers.length === count) break
    }
    expect(numbers).to.deep.equal(Array.from({ length: count }, (_, i) => i))
  })
})
