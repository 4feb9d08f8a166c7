// What a stranger may say first, and when: everything but one HELLO closes the link.
import { expect } from 'chai'
import { Feature, Kind } from '../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../setup/wait-for.ts'
import { bytesOfFrames } from '../wire/frame-bytes.ts'
import { Arena, refs } from './arena.ts'
import { callFrame, plainHello } from './raw-peer.ts'

const secret = new Uint8Array(32)
const { limits } = plainHello
const welcome = {
  kind: Kind.Welcome,
  version: 1,
  features: 0,
  sessionId: 'x',
  resumeSecret: secret,
  resumed: false,
  limits,
} as const

describe('Hostile peers: the first frame', () => {
  let arena: Arena

  beforeEach(async () => {
    arena = await Arena.open()
  })

  afterEach(() => arena.close())

  /** Sends bytes as a stranger; the link must be closed, and no session may have been made. */
  async function isClosedAfter(bytes: Uint8Array, foreignText = /^$/): Promise<void> {
    await arena.serveOthersDuring(async () => {
      const peer = await arena.stranger()
      peer.socket.write(bytes)
      await peer.closed()
      expect(peer.all(Kind.Welcome)).to.deep.equal([])
      expect(peer.foreignText).to.match(foreignText)
    })
    expect(arena.server.sessions).to.have.length(1)
  }

  it('a CALL before HELLO closes the link', () => isClosedAfter(bytesOfFrames(callFrame(1_024))))

  for (const kind of [Kind.Ping, Kind.Pong, Kind.Drain]) {
    it(`kind ${kind} before HELLO closes the link`, () => isClosedAfter(bytesOfFrames({ kind })))
  }

  it('kinds that do not exist close the link', () => isClosedAfter(Uint8Array.of(0, 0, 0, 2, 0x91, 0x7f)))

  it('HTTP is answered in HTTP, and closes the link', () =>
    isClosedAfter(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), /^HTTP\/1\.1 400 /))

  it('a TLS greeting closes the link', () => isClosedAfter(Buffer.from('16030100a5010000a10303', 'hex')))

  it('a CALL in one piece with HELLO closes the link, and does not run', async () => {
    await isClosedAfter(bytesOfFrames(plainHello, { kind: Kind.Name, ref: 0, name: 'Hold', contract: undefined }))
    await isClosedAfter(bytesOfFrames(plainHello, callFrame(1_024, { ref: refs.Hold })))
  })

  it('a second HELLO in one piece with the first closes the link', () =>
    isClosedAfter(bytesOfFrames(plainHello, plainHello)))

  it('a WELCOME, and a REFUSED, sent to a server are refused', async () => {
    for (const frame of [welcome, { kind: Kind.Refused, error: '"no"' } as const]) {
      await arena.serveOthersDuring(async () => {
        const peer = await arena.stranger()
        peer.send(frame)
        expect((await peer.refusal()).message).to.equal('the first frame must be HELLO')
        await peer.closed()
      })
    }
  })

  it('a second HELLO, a WELCOME or a REFUSED within a session closes the link; the session stays', async () => {
    for (const frame of [plainHello, welcome, { kind: Kind.Refused, error: '"no"' } as const]) {
      await arena.serveOthersDuring(async () => {
        const peer = await arena.guest()
        await peer.isServed()
        peer.send(frame)
        await peer.closed()
      })
    }
  })

  it('another protocol version is refused by name', async () => {
    for (const version of [0, 2, 2 ** 40]) {
      const peer = await arena.stranger()
      peer.send({ ...plainHello, version })
      const error = await peer.refusal()
      expect(error.code).to.equal('PROTOCOL')
      expect(error.message).to.include(`protocol version ${version} is not supported, only 1`)
      await peer.closed()
    }
  })

  it('unknown features are no reason to refuse: the server answers with those that it has', async () => {
    const peer = await arena.stranger()
    expect(await peer.enter({ features: 0xffff })).to.include({ features: Feature.Keys })
  })

  it('a HELLO of 4 096 bytes is read, one of 4 097 closes the link', async () => {
    const base = bytesOfFrames({ ...plainHello, credentials: { pad: 'x'.repeat(3_000) } }).length - 4 - 3_000
    const hello = (bytes: number): Uint8Array =>
      bytesOfFrames({ ...plainHello, credentials: { pad: 'x'.repeat(bytes - base) } })
    const peer = await arena.stranger()
    peer.socket.write(hello(4_096))
    await peer.next(Kind.Welcome)
    peer.close()
    await waitFor(() => arena.server.sessions.length === 1)
    await isClosedAfter(hello(4_097))
    await isClosedAfter(Uint8Array.of(0, 0, 16, 1))
    await isClosedAfter(Uint8Array.of(0, 0, 0, 0))
  })
})
