// Streams whose sources have nothing to give when their reader leaves.
import { expect } from 'chai'
import { Action } from 'isock'
import { waitFor } from '../../setup/wait-for.ts'
import { IgorWorld, type SeedClient } from './igor-world.ts'

/** Gives one item and then nothing, forever. */
class Idle extends Action {
  static returned = 0
  static waiting = 0

  action(): AsyncIterable<string> {
    let isFirst = true
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          if (isFirst) {
            isFirst = false
            return Promise.resolve({ done: false as const, value: 'first' })
          }
          Idle.waiting++
          return new Promise<never>(() => undefined)
        },
        return: async () => {
          Idle.returned++
          return { done: true as const, value: undefined }
        },
      }),
    }
  }
}

class Ping extends Action {
  action() {
    return 'pong'
  }
}

describe('The Igor gateway: a stream that idles', () => {
  let world: IgorWorld
  let client: SeedClient

  beforeEach(async () => {
    Idle.returned = 0
    Idle.waiting = 0
    world = await new IgorWorld().start(
      (server) => server.addAction(new Idle()).addAction(new Ping()),
      { sessionMs: 0 },
      { limits: { maxCallsInFlight: 4 } },
    )
    client = await world.client()
    await client.introduce('ada')
  })
  afterEach(() => world.close())

  async function idling(count = 1): Promise<string[]> {
    const { waiting } = Idle
    const ids = Array.from({ length: count }, () => client.start('Idle'))
    await waitFor(() => Idle.waiting === waiting + count, { timeoutMs: 8_000, what: 'the sources to wait' })
    return ids
  }

  it('returns its source when its client closes it', async () => {
    const [streamId] = await idling()
    client.send({ streamId, close: true })
    await waitFor(() => Idle.returned === 1, { timeoutMs: 8_000, what: 'the source to be returned' })
  })

  it('returns its source when its client is gone for longer than its session is kept', async () => {
    await idling(2)
    await world.cut(client)
    await waitFor(() => Idle.returned === 2, { timeoutMs: 8_000, what: 'the sources to be returned' })
  })

  it('returns its source when the server shuts down', async () => {
    await idling()
    await world.server.shutdown({ graceMs: 0 })
    await waitFor(() => Idle.returned === 1, { timeoutMs: 8_000, what: 'the source to be returned' })
  })

  it('takes the place of no other call once it is closed', async () => {
    for (const streamId of await idling(4)) client.send({ streamId, close: true })
    expect((await client.run('Ping'))[0]?.data).to.equal('pong')
    expect(Idle.returned).to.equal(4)
  })
})
