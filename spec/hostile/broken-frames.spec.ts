// Within a session, what is no frame closes the link; what is a frame with a wrong value in it is answered.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { bytesOfFrames, fromHex } from '../wire/frame-bytes.ts'
import { Arena } from './arena.ts'
import { brokenFrames, payloadBombs } from './hostile-bytes.ts'
import { callFrame, type RawPeer } from './raw-peer.ts'

describe('Hostile peers: broken frames', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    arena = await Arena.open({ maxFrameBytes: 20_000 })
    peer = await arena.guest()
  })

  afterEach(() => arena.close())

  const closing = [...brokenFrames, ['a length above maxFrameBytes', '00004e21']] as const
  for (const [what, hex] of closing) {
    it(`${what} closes that link`, async () => {
      await arena.serveOthersDuring(async () => {
        peer.socket.write(fromHex(hex))
        await peer.closed()
      })
    })
  }

  for (const [what, data] of payloadBombs) {
    it(`${what} is answered as BAD_REQUEST, not started, and the link goes on`, async () => {
      await arena.serveOthersDuring(async () => {
        peer.call(1_024, { data })
        const { frame, error } = await peer.failure(1_024)
        expect(frame.notStarted).to.equal(true)
        expect(error.code).to.equal('BAD_REQUEST')
        peer.call(2_048, { data: '"fine"' })
        expect(await peer.result(2_048)).to.equal('fine')
      })
    })
  }

  it('a frame of maxFrameBytes is taken, one of a byte more closes the link', async () => {
    const callOf = (length: number) => callFrame(1_024, { data: JSON.stringify('x'.repeat(length)) })
    const length = 20_000 - (bytesOfFrames(callOf(18_000)).length - 4 - 18_000)
    peer.send(callOf(length))
    await peer.next(Kind.Result, 1_024)
    peer.send(callOf(length + 1))
    await peer.closed()
  })

  it('answers to calls that nobody made are ignored', async () => {
    peer.send({ kind: Kind.Result, seq: 1_024, items: 0, value: '1' })
    peer.send({ kind: Kind.Failure, seq: 0, items: 9, notStarted: true, error: undefined })
    peer.send({ kind: Kind.Item, seq: 5_000, index: 7, value: '1' })
    peer.send({ kind: Kind.InputCredit, seq: 1, received: 2 ** 53 - 1, granted: 2 ** 53 - 1 })
    peer.send({ kind: Kind.Drain }, { kind: Kind.Pong })
    await peer.isServed()
  })
})
