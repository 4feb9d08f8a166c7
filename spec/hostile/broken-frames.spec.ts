// Within a session, what is no frame closes the link; what is a frame with a wrong value in it is answered.
import { expect } from 'chai'
import { Kind } from '../../lib/wire/frame.ts'
import type { Payload } from '../../lib/wire/payload.ts'
import { bytesOfFrames, fromHex } from '../wire/frame-bytes.ts'
import { Arena } from './arena.ts'
import { callFrame, type RawPeer } from './raw-peer.ts'

describe('Hostile peers: broken frames', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    arena = await Arena.open({ maxFrameBytes: 20_000 })
    peer = await arena.guest()
  })

  afterEach(() => arena.close())

  const closing: readonly (readonly [string, string])[] = [
    ['an unknown kind', '00000002 91 1f'],
    ['a kind of the handshake', '00000002 91 03'],
    ['a length of 0', '00000000'],
    ['a length above maxFrameBytes', '00004e21'],
    ['a length of 4 GiB', 'ffffffff'],
    ['a frame with an item too many', '00000003 92 1c 00'],
    ['bytes after a frame', '00000003 91 1c 00'],
    ['a body that is no array', '00000001 c0'],
    ['a declared text of 4 GiB', '00000009 94 12 05 00 db ffffffff'],
    ['a declared array of 2^32 - 1', '00000009 94 12 05 00 dd ffffffff'],
    ['a number of 2^53', '0000000d 93 19 cf 0020000000000000 00 00'],
  ]
  for (const [what, hex] of closing) {
    it(`${what} closes that link`, async () => {
      await arena.serveOthersDuring(async () => {
        peer.socket.write(fromHex(hex))
        await peer.closed()
      })
    })
  }

  const bombs: readonly (readonly [string, Payload])[] = [
    ['text that is no JSON', '{"a":'],
    ['an empty text', ''],
    ['JSON nested too deep', '['.repeat(19_000)],
    ['rich values without an annotation', { json: '1', meta: '{}', bytes: [] }],
    [
      'a typed array over a length',
      { json: '{"length":1000000000}', meta: '{"values":[["typed-array","Int8Array"]],"v":1}', bytes: [] },
    ],
    ['a path to a prototype', { json: '{}', meta: '{"values":{"__proto__.x":["Date"]},"v":1}', bytes: [] }],
    ['equalities', { json: '[[],[]]', meta: '{"referentialEqualities":{"0":["1"]},"v":1}', bytes: [] }],
    ['a regular expression', { json: '"/(a+)+$/"', meta: '{"values":["regexp"],"v":1}', bytes: [] }],
    ['bytes that nobody uses', { json: '"x"', meta: '{"values":["Date"],"v":1}', bytes: [new Uint8Array(1)] }],
    ['a thousand empty byte arrays', { json: '1', meta: '{}', bytes: Array(1_000).fill(new Uint8Array(0)) }],
  ]
  for (const [what, data] of bombs) {
    it(`${what} is answered as BAD_REQUEST, not started, and the link goes on`, async () => {
      await arena.serveOthersDuring(async () => {
        peer.call(1_024, { data })
        const { frame, error } = await peer.failure(1_024)
        expect(frame.notStarted).to.equal(true)
        expect(error.code).to.equal('BAD_REQUEST')
        peer.call(2_048, { data: '"fine"' })
        expect(await peer.next(Kind.Result, 2_048)).to.include({ value: '"fine"' })
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
