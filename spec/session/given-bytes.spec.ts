// Bytes that wait are what they were when they were given: for a connection, for the next link after a cut, in the ledger.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Client } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { Work, World } from '../setup/world.ts'

class Takes extends Action {
  static override idempotent = true
  readonly seen: number[] = []

  action(bytes: Uint8Array) {
    this.seen.push(numberIn(bytes))
    return numberIn(bytes)
  }
}
class TakesMany extends Action {
  async action(values: AsyncIterable<Uint8Array>) {
    const seen: number[] = []
    for await (const value of values) seen.push(numberIn(value))
    return seen
  }
}
class Yields extends Action {
  async *action(size: number) {
    const bytes = new Uint8Array(size)
    for (let n = 0; n < 6; n++) {
      bytes.fill(n)
      yield bytes
    }
    bytes.fill(99)
  }
}

function numberIn(bytes: Uint8Array): number {
  return bytes.every((byte) => byte === bytes[0]) ? (bytes[0] as number) : Number.NaN
}

for (const size of [4 * 1024, 64 * 1024]) {
  describe(`${size} bytes that wait`, () => {
    let world: World
    let work: Work
    let client: Client

    beforeEach(async () => {
      world = new World()
      work = new Work()
    })

    afterEach(() => world.close())

    async function open(): Promise<void> {
      await world.serve([work, new Takes(), new TakesMany(), new Yields()])
      client = world.client()
      await world.clock.until(client.connect())
    }

    it('for a connection, as data', async () => {
      await world.serve([new Takes()])
      client = world.client()
      world.network.setReachable('server', false)
      const bytes = new Uint8Array(size).fill(1)
      const call = client.runAction(Takes, bytes)
      await settle()
      bytes.fill(2)
      world.network.setReachable('server', true)
      expect(await world.clock.until(call)).to.equal(1)
    })

    it('for the next link, as data of a call whose frame was lost', async () => {
      await open()
      world.network.cutAt(Kind.Call, 'up')
      const bytes = new Uint8Array(size).fill(1)
      const call = client.runAction(Takes, bytes)
      bytes.fill(2)
      expect(await world.clock.until(call)).to.equal(1)
      expect(world.network.wires).to.have.length(2)
    })

    it('for the next link, as a result whose frame was lost', async () => {
      await open()
      world.network.cutAt(Kind.Result, 'down')
      const call = client.runAction(Work, 1)
      await settle()
      const bytes = new Uint8Array(size).fill(1)
      work.run.finish(bytes)
      await settle()
      bytes.fill(2)
      expect(numberIn((await world.clock.until(call)) as Uint8Array)).to.equal(1)
      expect(world.network.wires).to.have.length(2)
      expect(work.runs).to.have.length(1)
    })

    it('in the ledger, for a client that was away when the run ended', async () => {
      await open()
      const call = client.runAction(Work, 1)
      await settle()
      world.network.setReachable('server', false)
      world.network.wire.cut()
      await settle()
      const bytes = new Uint8Array(size).fill(1)
      work.run.finish(bytes)
      await settle()
      bytes.fill(2)
      world.network.setReachable('server', true)
      expect(numberIn((await world.clock.until(call)) as Uint8Array)).to.equal(1)
    })

    it('for the next link, as items whose frames were lost', async () => {
      await open()
      world.network.cutAt(Kind.Item, 'down', 'lose and cut', 3)
      const seen: number[] = []
      const read = async (): Promise<void> => {
        for await (const item of client.runAction(Yields, size)) seen.push(numberIn(item))
      }
      await world.clock.until(read())
      expect(seen).to.deep.equal([0, 1, 2, 3, 4, 5])
      expect(world.network.wires).to.have.length(2)
    })

    it('for the next link, as input items whose frames were lost', async () => {
      await open()
      world.network.cutAt(Kind.Input, 'up', 'lose and cut', 3)
      async function* source() {
        const bytes = new Uint8Array(size)
        for (let n = 0; n < 6; n++) {
          bytes.fill(n)
          yield bytes
        }
        bytes.fill(99)
      }
      expect(await world.clock.until(client.runAction(TakesMany, source()))).to.deep.equal([0, 1, 2, 3, 4, 5])
      expect(world.network.wires).to.have.length(2)
    })
  })
}
