// Large answers, data, items and uploads in numbers, over every kind of link, without a retry: none is lost, none is
// refused, and both directions at the same time do not stop each other. The limits are a 64th of the defaults.
import { expect } from 'chai'
import { Action, Client, type Context, type Limits, Server } from '../../lib/index.ts'
import { longDescribe } from '../setup/long.ts'
import { type Place, serverLinks } from '../setup/server-links.ts'
import { skip } from '../setup/skip.ts'

const kibibyte = 1024

const limits: Partial<Limits> = {
  maxFrameBytes: 64 * kibibyte,
  maxInFlightBytes: 1024 * kibibyte,
  maxLedgerBytes: 256 * kibibyte,
  maxWriteQueueBytes: 256 * kibibyte,
  streamWindowBytes: 4 * kibibyte,
}

class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

/** Answers when as many runs as it was told wait together. */
class Together extends Action {
  #waiting: (() => void)[] = []

  async action({ bytes, runs }: { bytes: number; runs: number }) {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      if (this.#waiting.length < runs) return
      for (const go of this.#waiting) go()
      this.#waiting = []
    })
    return new Uint8Array(bytes)
  }
}

class Weigh extends Action {
  async action(items: AsyncIterable<Uint8Array>) {
    let sum = 0
    for await (const item of items) sum += item.length
    return sum
  }
}

class Make extends Action {
  async *action({ items, bytes }: { items: number; bytes: number }) {
    for (let i = 0; i < items; i++) yield new Uint8Array(bytes)
  }
}

class AskBack extends Action {
  async action(data: Uint8Array, { client }: Context) {
    return client.runAction<Uint8Array>('echo', data, { retry: 0 })
  }
}

for (const { name, missing, place: makePlace } of serverLinks) {
  const linkDescribe: typeof longDescribe = ['memory', 'tcp', 'a WebSocket over TLS'].includes(name)
    ? describe
    : longDescribe
  linkDescribe(`Large calls over ${name}`, () => {
    let place: Place
    let server: Server
    let client: Client

    beforeEach(async function () {
      if (missing !== undefined) skip(this, missing)
      place = makePlace()
      server = new Server({ ...place.server, limits })
      for (const action of [new Echo(), new Together(), new Weigh(), new Make(), new AskBack()])
        server.addAction(action)
      client = new Client(await place.listen(server), { ...place.client, limits, retry: 0 })
      client.addActions({ echo: (value: unknown) => value })
    })

    afterEach(async () => {
      await client?.close()
      await server?.shutdown({ graceMs: 0 })
      place?.release()
    })

    const sizes = (values: readonly unknown[]): number[] => [
      ...new Set(values.map((value) => (value as Uint8Array).length)),
    ]
    const repeat = <T>(count: number, run: () => PromiseLike<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: count }, run))

    it('echoes more at the same time than either side takes at once', async () => {
      const data = new Uint8Array(60 * kibibyte)
      expect(sizes(await repeat(128, () => client.runAction(Echo, data)))).to.deep.equal([data.length])
    })

    it('gives all the answers of many that finish in the same moment', async () => {
      const bytes = 60 * kibibyte
      const answers = await repeat(128, () => client.runAction(Together, { bytes, runs: 128 }))
      expect(sizes(answers)).to.deep.equal([bytes])
    })

    it('takes the next many when their action is known to answer much', async () => {
      const bytes = 16 * kibibyte
      for (let round = 0; round < 3; round++) {
        const answers = await repeat(300, () => client.runAction(Together, { bytes, runs: 50 }))
        expect(sizes(answers)).to.deep.equal([bytes])
      }
    })

    it('streams, uploads and calls beside each other, both ways', async () => {
      const bytes = 60 * kibibyte
      const item = new Uint8Array(bytes)
      const upload = async function* (): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 4; i++) yield item
      }
      const stream = async (): Promise<number> => {
        let sum = 0
        for await (const part of client.runAction(Make, { items: 4, bytes })) sum += (part as Uint8Array).length
        return sum
      }
      const [streamed, uploaded, echoed, small] = await Promise.all([
        repeat(8, stream),
        repeat(8, () => client.runAction(Weigh, upload())),
        repeat(8, () => client.runAction(AskBack, item)),
        repeat(100, () => client.runAction(Echo, 'small')),
      ])
      expect(new Set([...streamed, ...uploaded])).to.deep.equal(new Set([4 * bytes]))
      expect(sizes(echoed)).to.deep.equal([bytes])
      expect(new Set(small)).to.deep.equal(new Set(['small']))
    })
  })
}
