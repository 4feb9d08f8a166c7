// What links in memory do beside the contract of all links: they leave the others of their process their turn.
import { expect } from 'chai'
import { Action, Client, MemoryNetwork, Server } from '../../lib/index.ts'

class Count extends Action {
  *action(upTo: number) {
    for (let i = 0; i < upTo; i++) yield i
  }
}

describe('A link in memory', () => {
  it('does not keep the event loop to itself, however much goes over it', async () => {
    const network = new MemoryNetwork()
    const server = new Server({ address: 'memory:here', network }).addAction(new Count())
    await server.listen()
    const client = new Client('memory:here', { network })
    await client.connect()
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    let items = 0
    for await (const item of client.runAction(Count, 100_000)) expect(item).to.equal(items++)
    isOver = true
    expect(items).to.equal(100_000)
    expect(turns).to.be.at.least(10)
    await client.close()
    await server.shutdown()
  })
})
