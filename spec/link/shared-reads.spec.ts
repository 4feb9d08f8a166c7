// The buffer that all sockets are read into: what arrives before anybody listens, who sees it, and what may be kept.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server as NetServer, Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { readTogether, SharedReads } from '../../lib/core/link/shared-reads.ts'
import { Action, Client, Server } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'

describe('Shared reads', () => {
  let server: NetServer
  const sockets: Socket[] = []

  beforeEach(async () => {
    server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  /** A connection, both ends of which share reads. */
  async function connection(): Promise<{ near: Socket; nearReads: SharedReads; far: Socket; farReads: SharedReads }> {
    const nearReads = new SharedReads()
    const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', onread: nearReads.onread })
    const [accepted] = (await once(server, 'connection')) as [Socket]
    const { socket: far, reads } = readTogether(accepted)
    sockets.push(near, far)
    expect(reads).to.be.instanceOf(SharedReads)
    return { near, nearReads, far, farReads: reads as SharedReads }
  }

  it('bring what arrives to the reader of its socket, from one buffer', async () => {
    const [one, two] = [await connection(), await connection()]
    const chunks: Uint8Array[] = []
    const texts: string[] = []
    const readerOf = (name: string) => (chunk: Uint8Array) => {
      chunks.push(chunk)
      texts.push(`${name} ${Buffer.from(chunk)}`)
    }
    one.nearReads.open(one.near, readerOf('near 1'))
    two.nearReads.open(two.near, readerOf('near 2'))
    one.farReads.open(one.far, readerOf('far 1'))
    one.far.write('a')
    await waitFor(() => texts.length === 1)
    two.far.write('b')
    await waitFor(() => texts.length === 2)
    one.near.write('c')
    await waitFor(() => texts.length === 3)
    expect(texts).to.deep.equal(['near 1 a', 'near 2 b', 'far 1 c'])
    expect(new Set(chunks.map(({ buffer }) => buffer))).to.have.property('size', 1)
  })

  it('keep what arrives before there is a reader, and read no more until then', async () => {
    const { near, far, farReads } = await connection()
    const sent = Buffer.alloc(3_000_000, 'isock ')
    near.write(sent)
    await waitFor(() => far.bytesRead > 0)
    const early = far.bytesRead
    // Another socket's bytes pass through the buffer meanwhile.
    const other = await connection()
    other.nearReads.open(other.near, () => undefined)
    other.far.write(Buffer.alloc(100_000, 'x'))
    await waitFor(() => other.near.bytesRead === 100_000)
    expect(far.bytesRead)
      .to.equal(early)
      .and.to.be.at.most(64 * 1024)
    const came: Buffer[] = []
    let isOpening = true
    farReads.open(far, (chunk) => {
      expect(isOpening, 'nothing is told while it is opened').to.equal(false)
      came.push(Buffer.from(chunk))
    })
    isOpening = false
    await waitFor(() => far.bytesRead === sent.length)
    expect(Buffer.concat(came).equals(sent)).to.equal(true)
  })

  it('pause and resume with their socket', async () => {
    const { near, far, farReads } = await connection()
    let came = 0
    farReads.open(far, ({ length }) => {
      came += length
      far.pause()
    })
    near.write(Buffer.alloc(1_000_000))
    await waitFor(() => came > 0)
    await nextTurn()
    const before = came
    await nextTurn()
    expect(came).to.equal(before)
    far.resume()
    await waitFor(() => came > before)
  })

  it('leave the server no empty socket to wait for', async () => {
    const { near, far } = await connection()
    const count = () => new Promise((resolve) => server.getConnections((_, connections) => resolve(connections)))
    expect(await count()).to.equal(0)
    far.end()
    await once(near.resume(), 'end')
    expect(far.remoteAddress === undefined || far.remoteAddress === '127.0.0.1').to.equal(true)
  })

  it('are not used where a socket has no handle that can', () => {
    const bare = new Socket()
    expect(readTogether(bare)).to.deep.equal({ socket: bare, reads: undefined })
    const other = Object.assign(new Socket(), { _handle: { close: () => undefined } })
    expect(readTogether(other).socket).to.equal(other)
  })
})

class Join extends Action {
  override async action(parts: AsyncIterable<string>): Promise<string> {
    const all: string[] = []
    for await (const part of parts) {
      // Those that arrive meanwhile wait.
      await nextTurn()
      all.push(part.slice(0, 8))
    }
    return all.join(' ')
  }
}

class Repeat extends Action {
  override async *action(count: number): AsyncGenerator<{ id: number; text: string }> {
    for (let id = 0; id < count; id++) yield { id, text: `${id}`.repeat(40_000) }
  }
}

class Echo extends Action {
  override async action(value: { id: number; text: string }): Promise<typeof value> {
    await nextTurn()
    return value
  }
}

describe('Values that wait for their turn', () => {
  let server: Server
  let client: Client

  beforeEach(async () => {
    server = new Server({ port: 0, limits: { maxRunningCalls: 1 } })
    for (const action of [new Join(), new Repeat(), new Echo()]) server.addAction(action)
    await server.listen()
    client = new Client(server.addresses[0] as string)
  })

  afterEach(async () => {
    await client.close()
    await server.shutdown()
  })

  // Each of 40 KB takes more than half of the buffer, which the next one is read into.
  it('are what was sent, although others were read since: items, inputs and calls', async () => {
    const items: string[] = []
    for await (const { id, text } of client.runAction(Repeat, 9)) {
      await nextTurn()
      items.push(`${id} ${text === `${id}`.repeat(40_000)}`)
    }
    expect(items).to.deep.equal(Array.from({ length: 9 }, (_, id) => `${id} true`))
    const texts = Array.from({ length: 9 }, (_, id) => `${id}`.repeat(40_000))
    async function* parts() {
      yield* texts
    }
    expect(await client.runAction(Join, parts())).to.equal(texts.map((text) => text.slice(0, 8)).join(' '))
    const echoes = await Promise.all(texts.map((text, id) => client.runAction(Echo, { id, text })))
    expect(echoes.map(({ id, text }) => text === texts[id])).to.deep.equal(texts.map(() => true))
  })
})
