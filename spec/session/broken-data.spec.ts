// Data that is no value: a matter of its call, which is answered and did not start; the link and all others go on.
import { expect } from 'chai'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { itemsOf, World } from '../setup/world.ts'
import { fromHex } from '../wire/frame-bytes.ts'
import { packed } from '../wire/packed-bytes.ts'
import { expectSame } from '../wire/same-value.ts'

class Echo extends Action {
  static runs = 0

  action(value: unknown) {
    Echo.runs++
    return value
  }
}

class Sum extends Action {
  async action(numbers: AsyncIterable<number>) {
    let sum = 0
    for await (const number of numbers) sum += number
    return sum
  }
}

function broken(hex: string): Packed {
  const bytes = fromHex(hex)
  return new Packed(bytes, 0, bytes.length)
}

describe('a packed value that is broken', () => {
  let world: World
  let peer: FramePeer

  beforeEach(async () => {
    world = new World()
    Echo.runs = 0
    await world.serve([new Echo(), new Sum()])
    peer = await FramePeer.enter(world, ['Echo', 'Sum'])
  })

  afterEach(() => world.close())

  for (const [what, hex] of [
    ['nothing', ''],
    ['cut', '82 a1 61 01'],
    ['two values', '01 02'],
    ['too deep', '91'.repeat(65)],
    ['a text of 4 GiB', 'db ff ff ff ff 61'],
    ['an array of 4 billion items', 'dd ff ff ff ff'],
    ['the reserved type', 'c1'],
    ['an extension type', 'd4 00 00'],
    ['a key that is no text', '81 01 02'],
    ['a number beyond 2^53', 'cf ff ff ff ff ff ff ff ff'],
  ] as const) {
    it(`(${what}) is answered as BAD_REQUEST, not started, and the link goes on`, async () => {
      await peer.call(1_024, { data: broken(hex) })
      expect(peer.failures).to.deep.equal([[1_024, 'BAD_REQUEST', true]])
      expect(Echo.runs).to.equal(0)
      await peer.call(2_048, { data: packed({ fine: [1, 'two', null] }) })
      expect(peer.results).to.deep.equal([[2_048, { fine: [1, 'two', null] }]])
      expect(peer.endReason).to.equal(undefined)
    })
  }

  it('as an item of an input fails that call alone', async () => {
    await peer.call(1_024, { ref: 1, inputs: 1 })
    await peer.send({ kind: Kind.Input, seq: 1_024, index: 0, value: packed(1) })
    await peer.send({ kind: Kind.Input, seq: 1_024, index: 1, value: broken('91') })
    await settle()
    expect(peer.failures.map(([seq, code]) => [seq, code])).to.deep.equal([[1_024, 'BAD_REQUEST']])
    await peer.call(1_025, { data: packed('fine') })
    expect(peer.results).to.deep.equal([[1_025, 'fine']])
  })

  it('does not keep those that came in the same chunk from running', async () => {
    const call = { kind: Kind.Call, ref: 0, attempt: 1, remainingMs: undefined, inputs: 0 } as const
    await peer.send(
      { ...call, seq: 1_024, data: packed('before') },
      { ...call, seq: 1_025, data: broken('a5 61') },
      { ...call, seq: 1_026, data: packed('after') },
    )
    expect(peer.results).to.deep.equal([
      [1_024, 'before'],
      [1_026, 'after'],
    ])
    expect(peer.failures).to.deep.equal([[1_025, 'BAD_REQUEST', true]])
  })

  it('is not mistaken for JSON text, which is read as ever', async () => {
    await peer.call(1_024, { data: '{"a":[1,"é"]}' })
    await peer.call(1_025, { data: '{"a":' })
    expect(peer.results).to.deep.equal([[1_024, { a: [1, 'é'] }]])
    expect(peer.failures).to.deep.equal([[1_025, 'BAD_REQUEST', true]])
  })
})

describe('plain values', () => {
  it('that wait to be read arrive as they were sent', async () => {
    let read = (): void => undefined
    const mayRead = new Promise<void>((resolve) => {
      read = resolve
    })
    class Slowly extends Action {
      async *action(items: AsyncIterable<unknown>) {
        await mayRead
        yield* items
      }
    }
    const world = new World()
    try {
      await world.serve([new Slowly()])
      const sent = [{ a: 1 }, ['two', '\ufeffthree'], Number.NaN, -0, { bytes: Uint8Array.of(1, 2) }, 'x'.repeat(3_000)]
      const coming = itemsOf(world.client().runAction(Slowly, itemsIn(sent)))
      await settle()
      read()
      const came = await coming
      expect(came).to.have.length(sent.length)
      for (const [i, value] of came.entries()) expectSame(value, sent[i])
    } finally {
      await world.close()
    }
  })
})

async function* itemsIn(items: readonly unknown[]): AsyncGenerator<unknown> {
  yield* items
}
