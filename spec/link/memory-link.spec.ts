// What links in memory do beside the contract of all links: they leave the others of their process their turn.
import { expect } from 'chai'
import { createMemoryLinks } from '../../lib/core/link/memory-link.ts'
import { Action, Client, MemoryNetwork, Server } from '../../lib/index.ts'
import { sizeOf } from '../setup/long.ts'
import { settle } from '../setup/virtual-clock.ts'

class Count extends Action {
  *action(upTo: number) {
    for (let i = 0; i < upTo; i++) yield i
  }
}

describe('A link in memory', () => {
  const quiet = { onBytes: () => undefined, onDrain: () => undefined, onEnd: () => undefined }

  it('delivers a copy, and not before its writer is done', async () => {
    const [near, far] = createMemoryLinks()
    const chunks: Uint8Array[] = []
    near.open(quiet)
    far.open({ ...quiet, onBytes: (chunk) => chunks.push(chunk) })
    const bytes = Uint8Array.of(1, 2, 3)
    expect(near.write([bytes])).to.equal(true)
    bytes.fill(9)
    expect(chunks).to.deep.equal([])
    await settle()
    expect(chunks.map((chunk) => [...chunk])).to.deep.equal([[1, 2, 3]])
  })

  it('tells an abort as an error and a flush as none, after what was written, once', async () => {
    for (const how of ['flush', 'abort'] as const) {
      const [near, far] = createMemoryLinks()
      const told: unknown[] = []
      near.open(quiet)
      near.write([Uint8Array.of(1)])
      await near.close(how)
      await near.close('abort')
      near.write([Uint8Array.of(2)])
      await settle()
      far.open({
        onBytes: (chunk) => told.push([...chunk]),
        onDrain: () => undefined,
        onEnd: (error) => told.push(error?.message),
      })
      await settle()
      expect(told).to.deep.equal([[1], how === 'flush' ? undefined : 'the peer aborted the link'])
    }
  })

  it('is quiet after its own close, whatever is on the way', async () => {
    const [near, far] = createMemoryLinks()
    near.open({ onBytes: () => expect.fail('bytes'), onDrain: () => undefined, onEnd: () => expect.fail('an end') })
    far.open(quiet)
    far.write([Uint8Array.of(1)])
    await near.close('flush')
    await far.close('flush')
    await settle()
  })

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
    const count = sizeOf({ all: 100_000, few: 20_000 })
    let items = 0
    for await (const item of client.runAction(Count, count)) expect(item).to.equal(items++)
    isOver = true
    expect(items).to.equal(count)
    expect(turns).to.be.at.least(10)
    await client.close()
    await server.shutdown()
  })
})

describe('A network in memory', () => {
  it('has one server at a name, until that leaves', () => {
    const network = new MemoryNetwork()
    const taken: unknown[] = []
    const leave = network.listen('here', (link) => taken.push(link))
    expect(() => network.listen('here', () => undefined))
      .to.throw('memory:here is in use by another server')
      .with.property('code', 'ADDRESS_IN_USE')
    expect(network.dial('here').peer.description).to.equal('memory:here')
    expect(taken).to.have.lengthOf(1)
    leave()
    expect(() => network.dial('here')).to.throw('cannot connect to memory:here: no server listens there')
  })

  it('leaves the name to another server that has it by now', () => {
    const network = new MemoryNetwork()
    const leave = network.listen('here', () => undefined)
    leave()
    network.listen('here', () => undefined)
    leave()
    expect(network.dial('here')).to.be.instanceOf(Object)
  })
})
