// Credentials are the only part of the protocol that is of free shape before a peer is known.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { AuthError, Guard } from '../../lib/index.ts'
import { fromHex } from '../wire/frame-bytes.ts'
import { Arena } from './arena.ts'
import { credentialBombs, helloStart } from './hostile-bytes.ts'
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

describe('Hostile peers: credentials', () => {
  let arena: Arena

  beforeEach(async () => {
    Witness.presented = []
    arena = await Arena.open({}, { guards: [new Witness()] })
    Witness.presented = []
  })

  afterEach(() => arena.close())

  for (const [what, credentials] of credentialBombs) {
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
