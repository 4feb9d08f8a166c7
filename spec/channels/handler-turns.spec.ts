// Messages that come together and whose handlers take long: other things have their turns between.
import { expect } from 'chai'
import { Action, Channel, Client, Server } from '../../lib/index.ts'

class News extends Channel<number> {
  static override history = { size: 100 }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 0; i < upTo; i++) yield i
  }
}

/** Works without a pause. */
function work(ms: number): void {
  const endsAtMs = performance.now() + ms
  while (performance.now() < endsAtMs);
}

const count = 40
const all = Array.from({ length: count }, (_, i) => i)

describe('Slow handlers and loops', () => {
  let server: Server
  let client: Client

  beforeEach(async () => {
    server = new Server({ port: 0 })
    server.addChannel(new News())
    server.addAction(new Count())
    await server.listen()
    client = new Client(server.addresses[0] as string)
    for (const n of all) await server.channel(News).publish(n)
  })

  afterEach(async () => {
    await client.close()
    await server.shutdown({ graceMs: 0 })
  })

  /** How many were handled within one turn of the event loop, at most. */
  const mostInATurn = async (read: (handle: (n: number) => boolean) => Promise<unknown>): Promise<number> => {
    const seen: number[] = []
    let inTurn = 0
    let most = 0
    const turn = (): void => {
      inTurn = 0
      if (seen.length < count) setImmediate(turn)
    }
    setImmediate(turn)
    await read((n) => {
      work(3)
      most = Math.max(most, ++inTurn)
      return seen.push(n) === count
    })
    expect(seen).to.deep.equal(all)
    return most
  }

  it('leave others their turns, and lose and mix nothing (a handler)', async () => {
    const most = await mostInATurn(
      (handle) =>
        new Promise<void>((resolve) => {
          client.subscribe(News, (n) => void (handle(n) && resolve()), { since: 'oldest' })
        }),
    )
    expect(most).to.be.at.most(3)
  })

  it('leave others their turns, and lose and mix nothing (a loop over messages)', async () => {
    const most = await mostInATurn(async (handle) => {
      for await (const n of client.subscribe(News, { since: 'oldest' })) if (handle(n)) break
    })
    expect(most).to.be.at.most(3)
  })

  it('leave others their turns, and lose and mix nothing (a loop over items)', async () => {
    const most = await mostInATurn(async (handle) => {
      for await (const n of client.runAction(Count, count)) handle(n as number)
    })
    expect(most).to.be.at.most(3)
  })
})
