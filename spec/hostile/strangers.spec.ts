// Links that never say who they are: few of them are kept, and not for long.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Guard } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { bytesOfFrames } from '../wire/frame-bytes.ts'
import { Arena } from './arena.ts'
import { plainHello, type RawPeer } from './raw-peer.ts'

/** Thinks until it is told what to say. */
class Thinker extends Guard {
  readonly asked: ((verdict: boolean) => void)[] = []
  isAwake = true

  check() {
    if (this.isAwake) return true
    return new Promise<boolean>((resolve) => this.asked.push(resolve))
  }
}

describe('Hostile peers: strangers', () => {
  let arena: Arena | undefined

  afterEach(() => arena?.close())

  async function strangers(count: number): Promise<RawPeer[]> {
    const opened = arena as Arena
    return Promise.all(Array.from({ length: count }, () => opened.stranger()))
  }

  it('one more than maxUnauthenticatedLinks takes the place of the oldest silent one', async () => {
    arena = await Arena.open({ maxUnauthenticatedLinks: 3 })
    await arena.serveOthersDuring(async () => {
      const first = await (arena as Arena).stranger()
      await settled(arena as Arena, 1)
      const others = await strangers(2)
      await settled(arena as Arena, 3)
      const [newcomer] = await strangers(1)
      await first.closed()
      expect([newcomer, ...others].some((peer) => peer!.isClosed)).to.equal(false)
      await newcomer!.enter()
    })
  })

  it('however many come, one that says who it is gets in', async () => {
    arena = await Arena.open({ maxUnauthenticatedLinks: 3 })
    await arena.serveOthersDuring(async () => {
      for (let i = 0; i < 5; i++) {
        await strangers(4)
        const [newcomer] = await strangers(1)
        await newcomer!.enter()
      }
    })
  })

  it('a link that is let in makes room', async () => {
    arena = await Arena.open({ maxUnauthenticatedLinks: 1 })
    const [first] = await strangers(1)
    await first!.enter()
    const [second] = await strangers(1)
    await second!.enter()
    expect(first!.isClosed).to.equal(false)
  })

  it('a stranger that leaves makes room', async () => {
    const opened = await Arena.open({ maxUnauthenticatedLinks: 1 })
    arena = opened
    const [first] = await strangers(1)
    first!.close()
    await waitFor(async () => {
      const peer = await opened.stranger()
      peer.send(plainHello)
      await waitFor(() => peer.isClosed || peer.frames.length > 0)
      return peer.frames.length > 0
    })
  })

  it('one that stays silent is closed after handshakeTimeoutMs', async () => {
    arena = await Arena.open({ handshakeTimeoutMs: 60 })
    await arena.serveOthersDuring(async () => {
      const startedAt = performance.now()
      const [peer] = await strangers(1)
      await peer!.closed()
      expect(performance.now() - startedAt).to.be.within(50, 1_500)
    })
  })

  it('one whose HELLO trickles in is closed just as soon', async () => {
    arena = await Arena.open({ handshakeTimeoutMs: 100 })
    await arena.serveOthersDuring(async () => {
      const [peer] = await strangers(1)
      const bytes = bytesOfFrames(plainHello)
      let at = 0
      const trickle = setInterval(() => peer!.socket.write(bytes.subarray(at, ++at)), 10)
      try {
        await peer!.closed()
      } finally {
        clearInterval(trickle)
      }
      expect(at).to.be.below(bytes.length)
    })
  })

  it('one that ends its half and waits is closed', async () => {
    arena = await Arena.open({ handshakeTimeoutMs: 60 })
    const [peer] = await strangers(1)
    peer!.socket.end()
    await peer!.closed()
  })

  it('guards that take long count against the same time', async () => {
    const guard = new Thinker()
    arena = await Arena.open({ handshakeTimeoutMs: 60 }, { guards: [guard] })
    guard.isAwake = false
    const [peer] = await strangers(1)
    peer!.send(plainHello)
    await peer!.closed()
    expect(guard.asked).to.have.length(1)
    guard.asked[0]?.(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(arena.server.sessions).to.have.length(1)
  })

  it('a frame while the guards think closes the link', async () => {
    const guard = new Thinker()
    arena = await Arena.open({}, { guards: [guard] })
    guard.isAwake = false
    const [peer] = await strangers(1)
    peer!.send(plainHello)
    await waitFor(() => guard.asked.length > 0)
    peer!.send({ kind: Kind.Ping })
    await peer!.closed()
    guard.asked[0]?.(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(arena.server.sessions).to.have.length(1)
  })

  it('those that were refused count until their links are gone', async () => {
    const guard = new Thinker()
    arena = await Arena.open({ maxUnauthenticatedLinks: 2 }, { guards: [guard] })
    const stubborn = await strangers(2)
    for (const peer of stubborn) {
      peer.isStubborn = true
      peer.send({ ...plainHello, version: 9 })
      await peer.next(Kind.Refused)
    }
    const [surplus] = await strangers(1)
    await surplus!.closed()
    for (const peer of stubborn) peer.close()
    await waitFor(async () => {
      const [peer] = await strangers(1)
      peer!.send(plainHello)
      await waitFor(() => peer!.isClosed || peer!.frames.length > 0)
      return peer!.frames.length > 0
    })
  })
})

/** The server has seen so many links that did not say who they are, beside none of the honest client. */
async function settled(arena: Arena, count: number): Promise<void> {
  await waitFor(() => (arena.server.usage.places['unauthenticatedLinks']?.taken ?? 0) >= count)
}
