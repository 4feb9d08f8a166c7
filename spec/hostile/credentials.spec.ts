// Credentials are the only part of the protocol that is of free shape before a peer is known.
import { expect } from 'chai'
import { AuthError, Guard } from '../../lib/index.ts'
import { Kind } from '../../lib/wire/frame.ts'
import { fromHex } from '../wire/frame-bytes.ts'
import { Arena } from './arena.ts'
import { plainHello } from './raw-peer.ts'

/** Lets everybody in, and writes down what was presented. */
class Witness extends Guard {
  static presented: unknown[] = []

  check(credential: unknown) {
    if (credential === 'talkative') throw new AuthError('no, because '.repeat(1_000))
    Witness.presented.push(credential)
    return true
  }
}

/** All of HELLO but the credentials. */
const helloStart = fromHex('98 01 01 00 c0 c0 c0 93 ce 00 40 00 00 cd 04 00 ce 00 04 00 00')

describe('Hostile peers: credentials', () => {
  let arena: Arena

  beforeEach(async () => {
    Witness.presented = []
    arena = await Arena.open({}, { guards: [new Witness()] })
    Witness.presented = []
  })

  afterEach(() => arena.close())

  const bombs: readonly (readonly [string, string])[] = [
    ['65 nested arrays', `81 a1 61 ${'91'.repeat(64)} c0`],
    ['4 000 nested arrays', `81 a1 61 ${'91'.repeat(4_000)} c0`],
    ['nested heads of arrays of 65 535', `81 a1 61 ${'dc ff ff'.repeat(1_300)}`],
    ['nested heads of arrays of 2^32 - 1', `81 a1 61 ${'dd ff ff ff ff'.repeat(800)}`],
    ['a map of 2^32 - 1', 'df ff ff ff ff'],
    ['a map of 65 535 within', '81 a1 61 de ff ff a1 62'],
    ['a text of 4 GiB', '81 a1 61 db ff ff ff ff 61'],
    ['bytes of 4 GiB', '81 a1 61 c6 ff ff ff ff 61'],
    ['an extension type', '81 a1 61 c9 ff ff ff ff 01 00'],
    ['the key __proto__', '81 a9 5f 5f 70 72 6f 74 6f 5f 5f 81 a5 61 64 6d 69 6e c3'],
    ['the key __proto__ further in', '81 a7 57 69 74 6e 65 73 73 81 a9 5f 5f 70 72 6f 74 6f 5f 5f 81 a1 61 c3'],
    ['an array as key', '81 90 c0'],
    ['a list', '91 c0'],
    ['nothing', 'c0'],
  ]
  for (const [what, credentials] of bombs) {
    it(`${what} close the link before a guard sees them`, async () => {
      await arena.serveOthersDuring(async () => {
        const peer = await arena.stranger()
        peer.sendBody(...helloStart, ...fromHex(credentials))
        await peer.closed()
        expect(peer.frames).to.deep.equal([])
      })
      expect(Witness.presented).to.deep.equal([])
      expect(({} as { admin?: unknown }).admin).to.equal(undefined)
      expect(arena.server.sessions).to.have.length(1)
    })
  }

  it('a map of as many entries as 4 KiB hold is read at once', async () => {
    const peer = await arena.stranger()
    const entries = Array.from({ length: 1_300 }, (_, i) => [0xa1, 33 + (i % 90), 0x01]).flat()
    peer.sendBody(...helloStart, 0xde, 1_300 >> 8, 1_300 & 0xff, ...entries)
    await peer.next(Kind.Welcome)
  })

  it('only a credential of the guard itself counts, none that objects inherit', async () => {
    const peer = await arena.stranger()
    await peer.enter({ credentials: { constructor: 'x', other: 1 } })
    expect(Witness.presented).to.deep.equal([undefined])
  })

  it('what a guard gets is what was presented', async () => {
    const peer = await arena.stranger()
    await peer.enter({ credentials: { Witness: { then: 'no promise', list: [1, null, true] } } })
    expect(Witness.presented).to.deep.equal([{ then: 'no promise', list: [1, null, true] }])
  })

  it('a guard that has much to say refuses in a frame that a client reads', async () => {
    const peer = await arena.stranger()
    peer.send({ ...plainHello, credentials: { Witness: 'talkative' } })
    const error = await peer.refusal()
    expect(error.code).to.equal('UNAUTHENTICATED')
    expect(peer.socket.bytesRead).to.be.at.most(4 + 4_096)
  })

  it('a session name of 512 characters is taken, a longer one closes the link', async () => {
    await (await arena.stranger()).enter({ name: 'x'.repeat(512) })
    const peer = await arena.stranger()
    peer.send({ ...plainHello, name: 'x'.repeat(513) })
    await peer.closed()
  })
})
