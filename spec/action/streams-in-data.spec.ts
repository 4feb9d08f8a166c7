// Streams beside plain values in the data of one call: each read on its own, in any order, over cuts, and left when it is not wanted.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import * as z from 'zod'
import { Action, type Context, transfer, UnsendableError, ValidationError } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, itemsOf, World } from '../setup/world.ts'

interface Upload {
  readonly name: string
  readonly file: AsyncIterable<Uint8Array>
}

class Store extends Action {
  async action({ name, file }: Upload) {
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of file) {
      hash.update(chunk)
      size += chunk.length
    }
    return { name, size, hash: hash.digest('hex') }
  }
}

interface Pair {
  readonly left: AsyncIterable<number>
  readonly right: AsyncIterable<number>
  readonly order: 'left first' | 'right first' | 'by turns'
}

class Both extends Action {
  starts = 0

  async action({ left, right, order }: Pair) {
    this.starts++
    if (order === 'left first') return { left: await itemsOf(left), right: await itemsOf(right) }
    if (order === 'right first') {
      const last = await itemsOf(right)
      return { left: await itemsOf(left), right: last }
    }
    const [one, other] = await Promise.all([itemsOf(left), itemsOf(right)])
    return { left: one, right: other }
  }
}

/** Reads of a list as many items as it is told to, and takes what else it gets for plain data. */
class Some extends Action {
  async action({ lists, counts }: { lists: AsyncIterable<unknown>[]; counts: number[] }) {
    const taken: unknown[][] = []
    for (const [i, list] of lists.entries()) {
      const items: unknown[] = []
      taken.push(items)
      if (counts[i] === 0) continue
      for await (const item of list) if (items.push(item) === counts[i]) break
    }
    return taken
  }
}

async function* count(upTo: number, onEnd?: () => void): AsyncGenerator<number> {
  try {
    for (let i = 1; i <= upTo; i++) yield i
  } finally {
    onEnd?.()
  }
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)

describe('Streams in the data of a call', () => {
  for (const link of ['memory', 'tcp'] as const)
    it(`arrive beside plain values (${link})`, async () => {
      await using harness = await createHarness({ actions: [new Store()], link })
      const bytes = new Uint8Array(3_000_000).map((_, i) => i % 251)
      const file = Readable.from(
        (async function* () {
          for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000)
        })(),
      )
      const hash = createHash('sha256').update(bytes).digest('hex')
      expect(await harness.client.runAction(Store, { name: 'a', file })).to.deep.equal({
        name: 'a',
        size: 3_000_000,
        hash,
      })
    })

  it('arrive whatever is beside them and however deep they are', async () => {
    class Deep extends Action {
      async action({ at, more }: { at: Date; more: Map<string, { items: AsyncIterable<unknown> }[]> }) {
        const [first] = more.get('x') as [{ items: AsyncIterable<unknown> }]
        return { at, items: await itemsOf(first.items) }
      }
    }
    await using harness = await createHarness({ actions: [new Deep()] })
    const at = new Date(5)
    const items = (async function* () {
      yield new Map([[1, 2n]])
      yield undefined
    })()
    expect(await harness.client.runAction(Deep, { at, more: new Map([['x', [{ items }]]]) })).to.deep.equal({
      at,
      items: [new Map([[1, 2n]]), undefined],
    })
  })

  for (const order of ['left first', 'right first', 'by turns'] as const)
    it(`are read in any order, each with a window of its own: ${order}`, async () => {
      const limits = { streamWindowBytes: 8 * 1024 }
      await using harness = await createHarness({ actions: [new Both()], server: { limits }, client: { limits } })
      const result = await harness.client.runAction(Both, { left: count(500), right: count(300), order })
      expect(result).to.deep.equal({ left: upTo(500), right: upTo(300) })
    })

  it('go over links that are cut, each item once', async () => {
    const world = new World()
    const both = new Both()
    await world.serve([both], { limits: { streamWindowBytes: 4 * 1024 } })
    const client = world.client()
    const call = client.runAction(Both, { left: count(200), right: count(100), order: 'right first' })
    let isOver = false
    void call.outcome().then(() => {
      isOver = true
    })
    for (let cuts = 0; !isOver; cuts++) {
      await world.clock.advance(1)
      if (cuts % 3 === 0 && cuts < 60) world.network.wire.cut()
      await world.clock.advance(300)
    }
    expect(await call).to.deep.equal({ left: upTo(200), right: upTo(100) })
    expect(both.starts).to.equal(1)
    await world.close()
  })

  it('are left when their reader stops, and when nobody reads them', async () => {
    await using harness = await createHarness({ actions: [new Some()] })
    const ended: string[] = []
    const endless = (name: string) => count(Number.POSITIVE_INFINITY, () => ended.push(name))
    const lists = [endless('read'), endless('unread'), count(3, () => ended.push('short'))]
    const call = harness.client.runAction(Some, { lists, counts: [2, 0, 9] })
    expect(await call).to.deep.equal([[1, 2], [], [1, 2, 3]])
    await waitFor(() => ended.length === 3)
    expect(harness.server.usage.held.input).to.equal(0)
  })

  it('are as many as sixteen, each once', async () => {
    await using harness = await createHarness({ actions: [new Some()] })
    const lists = (many: number) => Array.from({ length: many }, (_, i) => count(i))
    const counts = upTo(17).map(() => 99)
    expect(await harness.client.runAction(Some, { lists: lists(16), counts })).to.deep.equal(
      lists(16).map((_, i) => upTo(i)),
    )
    const error = await failureOf(harness.client.runAction(Some, { lists: lists(17), counts }))
    expect(error).to.be.instanceOf(UnsendableError).and.include({ notStarted: true })
    expect(error.message).to.equal('cannot send data.lists[16]: a call takes at most 16 streams')
    const list = count(1)
    const twice = await failureOf(harness.client.runAction(Some, { lists: [list, list], counts }))
    expect(twice.message).to.equal('cannot send data.lists[1]: the same stream is in the data twice')
    // What could not be sent leaves nothing behind for the next call.
    expect(await harness.client.runAction(Some, { lists: [], counts })).to.deep.equal([])
  })

  it('travel beside bytes that are handed over', async () => {
    class Size extends Action {
      async action({ bytes, more }: { bytes: Uint8Array; more: AsyncIterable<number> }) {
        return bytes.length + (await itemsOf(more)).length
      }
    }
    await using harness = await createHarness({ actions: [new Size()] })
    const bytes = transfer(new Uint8Array(100_000))
    expect(await harness.client.runAction(Size, { bytes, more: count(3) })).to.equal(100_003)
  })

  it('that fail end their call with what they threw', async () => {
    await using harness = await createHarness({ actions: [new Both()] })
    const dry = new Error('the source is dry')
    let wasLeft = false
    async function* fails(): AsyncGenerator<number> {
      yield 1
      throw dry
    }
    const right = count(Number.POSITIVE_INFINITY, () => {
      wasLeft = true
    })
    const call = harness.client.runAction(Both, { left: fails(), right, order: 'by turns' })
    expect(await failureOf(call)).to.equal(dry)
    await waitFor(() => wasLeft)
  })

  it('are in data that a schema checks', async () => {
    class Checked extends Action {
      static override input = z.object({ name: z.string().trim(), items: z.custom<AsyncIterable<number>>() })

      async action({ name, items }: { name: string; items: AsyncIterable<number> }) {
        return [name, ...(await itemsOf(items))]
      }
    }
    await using harness = await createHarness({ actions: [new Checked()] })
    expect(await harness.client.runAction(Checked, { name: ' a ', items: count(2) })).to.deep.equal(['a', 1, 2])
    const wrong = harness.client.runAction(Checked, { name: 5 as never, items: count(2) })
    expect(await failureOf(wrong)).to.be.instanceOf(ValidationError)
  })

  it('go from the server to its client too', async () => {
    class Ask extends Action {
      action(_data: undefined, { client }: Context) {
        return client.runAction(Both, { left: count(2), right: count(1), order: 'left first' })
      }
    }
    await using harness = await createHarness({ actions: [new Ask()] })
    harness.client.addAction(new Both())
    expect(await harness.client.runAction(Ask)).to.deep.equal({ left: [1, 2], right: [1] })
  })

  it('travel nowhere else: not in results, items or the items of other streams', async () => {
    class Give extends Action {
      action() {
        return { items: count(1) }
      }
    }
    await using harness = await createHarness({ actions: [new Give(), new Both()] })
    expect(await failureOf(harness.client.runAction(Give))).to.have.property('code', 'UNSENDABLE')
    const nested = async function* () {
      yield { inner: count(1) } as never
    }
    const call = harness.client.runAction(Both, { left: nested(), right: count(1), order: 'left first' })
    expect(await failureOf(call)).to.be.instanceOf(UnsendableError)
  })

  it('may be bodies of requests of HTTP', async () => {
    await using harness = await createHarness({ actions: [new Store()] })
    const http = createServer(async (request, response) => {
      const stored = await harness.client.runAction(Store, { name: request.url ?? '', file: request })
      response.end(JSON.stringify(stored))
    }).listen(0, '127.0.0.1')
    await once(http, 'listening')
    const { port } = http.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/a`, { method: 'POST', body: 'hello', keepalive: false })
    expect(await answer.json()).to.include({ name: '/a', size: 5 })
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })
})
