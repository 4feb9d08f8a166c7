// Blobs, Files and streams of the web in the data of calls; items of bytes that are larger than a frame; how far the input is.
import { expect } from 'chai'
import { Action, type InputProgress } from '../../lib/index.ts'
import { failureOf, World } from '../setup/world.ts'

class Sizes extends Action {
  async action(chunks: AsyncIterable<Uint8Array>) {
    return await sizesOf(chunks)
  }
}

interface Named {
  readonly name: string
  readonly file: AsyncIterable<Uint8Array>
}

class Store extends Action {
  async action({ name, file }: Named) {
    return { name, ...(await sizesOf(file)) }
  }
}

class Total extends Action {
  async action(numbers: AsyncIterable<number>) {
    let total = 0
    for await (const n of numbers) total += n
    return total
  }
}

async function sizesOf(chunks: AsyncIterable<Uint8Array>) {
  let [bytes, sum, largest] = [0, 0, 0]
  for await (const chunk of chunks) {
    bytes += chunk.length
    largest = Math.max(largest, chunk.length)
    for (const byte of chunk) sum = (sum + byte) % 65_521
  }
  return { bytes, sum, largest }
}

const kibibyte = 1_024

describe('Bytes of the web as data', () => {
  let world: World

  beforeEach(async () => {
    world = new World()
    await world.serve([new Sizes(), new Store(), new Total()])
  })

  afterEach(() => world.close())

  const bytes = Uint8Array.from({ length: 200 * kibibyte }, (_, i) => i % 251)
  const sum = bytes.reduce((total, byte) => (total + byte) % 65_521, 0)

  it('are streams: a Blob, a File, and a stream that cannot be iterated', async () => {
    const client = world.client()
    const bare = new Blob([bytes]).stream()
    Object.defineProperty(bare, Symbol.asyncIterator, { value: undefined })
    expect(await client.runAction(Sizes, new Blob([bytes]))).to.include({ bytes: bytes.length, sum })
    expect(await client.runAction(Sizes, bare)).to.include({ bytes: bytes.length, sum })
    const file = new File([bytes], 'a.bin')
    expect(await client.runAction(Store, { name: file.name, file })).to.include({ name: 'a.bin', sum })
  })

  it('go in parts where an item does not fit a frame, as one does that some browsers make of a File', async () => {
    const client = world.client()
    const large = new Uint8Array(5 * kibibyte * kibibyte + 1).fill(1)
    async function* items() {
      yield large
      yield bytes.subarray(0, 10)
    }
    const seen = await client.runAction(Sizes, items())
    expect(seen).to.include({ bytes: large.length + 10, largest: 64 * kibibyte })
    async function* texts() {
      yield 'x'.repeat(5 * kibibyte * kibibyte)
    }
    expect(String(await failureOf(client.runAction('Sizes', texts())))).to.contain('input item')
  })

  it('are told to who asks how far they are', async () => {
    const told: InputProgress[] = []
    async function* items() {
      for (let i = 0; i < 100; i++) yield new Uint8Array(10 * kibibyte)
    }
    await world
      .client()
      .runAction(Sizes, items())
      .onProgress((progress) => void told.push(progress))
    for (const [i, { sent, confirmed }] of told.entries()) {
      expect(sent.bytes).to.equal(sent.items * 10 * kibibyte)
      expect(confirmed.bytes).to.equal(confirmed.items * 10 * kibibyte)
      expect(confirmed.items).to.be.at.most(sent.items)
      const before = told[i - 1]
      expect(sent.items).to.be.at.least(before?.sent.items ?? 0)
      expect(confirmed.items).to.be.at.least(before?.confirmed.items ?? 0)
    }
    expect(told.at(-1)?.sent.items).to.equal(100)
    expect(told.at(-1)?.confirmed.items).to.be.above(50)
  })

  it('count once over a lost link, and all streams of a call together', async () => {
    const told: InputProgress[] = []
    async function* items() {
      for (let i = 0; i < 50; i++) yield new Uint8Array(10 * kibibyte)
    }
    const call = world
      .client()
      .runAction(Sizes, items())
      .onProgress((progress) => {
        told.push(progress)
        if (told.length === 20) world.network.wire.cut('rst')
      })
    expect(await world.clock.until(call)).to.include({ bytes: 500 * kibibyte })
    expect(told.at(-1)?.sent).to.deep.equal({ items: 50, bytes: 500 * kibibyte })
    for (const [i, { sent }] of told.entries()) expect(sent.items).to.be.at.least(told[i - 1]?.sent.items ?? 0)
  })

  it('fail with what a listener throws, which is to be a function', async () => {
    async function* items() {
      for (let i = 0; i < 100; i++) yield new Uint8Array(10 * kibibyte)
    }
    const failure = new Error('no bar')
    const call = world
      .client()
      .runAction(Sizes, items())
      .onProgress(() => {
        throw failure
      })
    expect(await failureOf(call)).to.equal(failure)
    expect(() =>
      world
        .client()
        .runAction(Total, numbers())
        .onProgress(1 as never),
    ).to.throw('option listener')
    async function* numbers() {
      yield 1
    }
  })

  it('are streams of bytes for the compiler too, and none of anything else', () => {
    const client = world.client()
    const check = () => {
      void client.runAction(Sizes, new Blob([]))
      void client.runAction(Store, { name: 'a', file: new Blob([]).stream() })
      // @ts-expect-error: these are bytes, and numbers are wanted
      void client.runAction(Total, new Blob([]))
      // @ts-expect-error: a text is no stream
      void client.runAction(Store, { name: 'a', file: 'b' })
    }
    expect(check).to.be.a('function')
  })

  for (const value of [new URLSearchParams('a=1'), new Headers({ a: '1' }), new FormData()]) {
    const { name } = value.constructor
    it(`say what to do with ${name}, which does not travel`, async () => {
      const error = await failureOf(world.client().runAction('Sizes', { value }))
      expect(error.message).to.contain(`${name} cannot be serialized; send Object.fromEntries`)
    })
  }
})
