// How many messages a program may ask a channel's history for.
import { expect } from 'chai'
import { Channel, ClientError, Server } from '../../lib/index.ts'

class News extends Channel<number> {
  static override history = { size: 10, ttlMs: 60_000 }
}

describe('The limit of a history', () => {
  it('is a count: the newest so many, all by default, and nothing else', async () => {
    const server = new Server({ port: 0 })
    server.addChannel(new News())
    const news = server.channel(News)
    for (const message of [1, 2, 3]) await news.publish(message)
    const messages = (options?: object) => news.history(options).map(({ message }) => message)
    expect([messages(), messages({ limit: 2 }), messages({ limit: 0 }), messages({ limit: 9 })]).to.deep.equal([
      [1, 2, 3],
      [2, 3],
      [],
      [1, 2, 3],
    ])
    for (const limit of [-1, 1.5, Number.NaN, '2'])
      expect(() => messages({ limit }), String(limit)).to.throw(ClientError, 'limit')
    await server.shutdown()
  })
})
