// Memory of large values is used again. Whoever says that it has what it has not read yet gets its own bytes all the same, and
// nobody else's.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { Action, Client, Server } from '../../lib/index.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { callFrame, RawPeer } from './raw-peer.ts'

const mebibyte = 1024 * 1024
const firstSeq = 1_024
const codec = new StandardCodec(new ClassRegistry())

/** A mebibyte of this number. */
class Fill extends Action {
  action(value: number): Uint8Array {
    return new Uint8Array(mebibyte).fill(value)
  }
}

/** The bytes, and a Buffer of them; or a failure. */
class Give extends Action {
  async action(bytes: Uint8Array): Promise<{ bytes: Uint8Array; buffer: Buffer }> {
    if (bytes[0] === 13) throw new Error('thirteen')
    return { bytes, buffer: Buffer.from(bytes) }
  }
}

function isAll(bytes: Uint8Array, value: number): boolean {
  return bytes.every((byte) => byte === value)
}

describe('Hostile peers: lent memory', () => {
  let server: Server
  const clients: Client[] = []

  beforeEach(async () => {
    server = new Server({ port: 0 }).addAction(new Fill()).addAction(new Give())
    await server.listen()
  })

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await server.shutdown({ graceMs: 0 })
  })

  function enter(): Client {
    const client = new Client(server.addresses[0] as string)
    clients.push(client)
    return client
  }

  it('an answer that is acknowledged before it has left goes out as it was', async function () {
    this.timeout(120_000)
    const peer = await RawPeer.connect(server.addresses[0] as string)
    await peer.enter()
    peer.introduce('Fill')
    peer.socket.pause()
    const seqs = Array.from({ length: 24 }, (_, i) => firstSeq + i)
    peer.send(...seqs.map((seq) => callFrame(seq, { data: codec.encode(7, 'data') })))
    // Its way is full, and one of the answers has left in part, when nothing moves any more.
    await waitFor(() => server.usage.held.writes > 0)
    let same = 0
    let last = 0
    while (same < 10) {
      const { answers, writes } = server.usage.held
      const now = answers + writes
      same = now === last ? same + 1 : 0
      last = now
      await sleep(30)
    }
    peer.send({ kind: Kind.Ack, seqs })
    await waitFor(() => server.usage.held.answers === 0)
    const honest = enter()
    for (let i = 0; i < 20; i++) expect(isAll((await honest.runAction(Fill, 200)) as Uint8Array, 200)).to.equal(true)
    peer.socket.resume()
    await peer.isServed()
    const came = peer.all(Kind.Result)
    expect(came.length).to.be.greaterThan(0)
    for (const { value } of came) expect(isAll(codec.decode(value) as Uint8Array, 7)).to.equal(true)
    peer.close()
  })

  longIt('values of many calls at once arrive as they were, whatever memory they share in turn', async function () {
    this.timeout(120_000)
    const lanes = [enter(), enter(), enter()].flatMap((client, c) => [0, 1, 2, 3].map((lane) => ({ client, c, lane })))
    await Promise.all(
      lanes.map(async ({ client, c, lane }) => {
        const own = new Uint8Array(mebibyte)
        for (let i = 0; i < 12; i++) {
          const value = (c * 80 + lane * 20 + i) % 256
          const size = 64 * 1024 + ((lane * 7 + i * 13) % 15) * 64 * 1024
          const given = own.subarray(0, size).fill(value)
          const call = client.runAction(Give, given)
          // The caller's buffer is the caller's.
          given.fill(0)
          if (i % 6 === 5) call.cancel()
          try {
            const { bytes, buffer } = (await call) as { bytes: Uint8Array; buffer: Buffer }
            expect([bytes.length, buffer.length]).to.deep.equal([size, size])
            expect(isAll(bytes, value) && isAll(buffer, value)).to.equal(true)
          } catch (error) {
            expect(String(error)).to.match(value === 13 ? /thirteen|cancelled/ : /cancelled/)
          }
        }
      }),
    )
  })
})
