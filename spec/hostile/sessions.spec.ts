// Sessions are bounded in number and in time, and a link that is dead or half-open does not keep one busy.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Arena, Hold, refs } from './arena.ts'

describe('Hostile peers: sessions', () => {
  let arena: Arena

  afterEach(() => arena.close())

  it('one more than maxSessions is refused as BUSY, not started', async () => {
    arena = await Arena.open({ maxSessions: 3 })
    await arena.serveOthersDuring(async () => {
      await arena.guest()
      await arena.guest()
      const peer = await arena.stranger()
      peer.send({
        kind: Kind.Hello,
        version: 1,
        features: 0,
        sessionId: undefined,
        resumeSecret: undefined,
        name: undefined,
        limits: { maxFrameBytes: 1, maxCallsInFlight: 0, streamWindowBytes: 1, maxInFlightBytes: 1 },
        credentials: {},
      })
      const error = await peer.refusal()
      expect(error.code).to.equal('BUSY')
      expect(error).to.include({ notStarted: true })
      await peer.closed()
    })
  })

  it('a session without a link and without work makes room for a new one', async () => {
    arena = await Arena.open({ maxSessions: 2, sessionLeaseMs: 60_000 })
    const idle = await arena.guest()
    await idle.isServed()
    idle.close()
    await waitFor(() => arena.server.sessions.some((session) => !session.isConnected))
    const peer = await arena.guest()
    await peer.isServed()
    expect(arena.server.sessions).to.have.length(2)
    peer.send({ kind: Kind.Bye, isClean: true })
  })

  it('a session that works keeps its place while it has no link', async () => {
    arena = await Arena.open({ maxSessions: 2, sessionLeaseMs: 400 })
    const busy = await arena.guest()
    busy.call(1_024, { ref: refs.Hold })
    await waitFor(() => Hold.runs === 1)
    busy.close()
    await waitFor(() => arena.server.sessions.some((session) => !session.isConnected))
    const peer = await arena.stranger()
    peer.send({
      kind: Kind.Hello,
      version: 1,
      features: 0,
      sessionId: undefined,
      resumeSecret: undefined,
      name: undefined,
      limits: { maxFrameBytes: 1, maxCallsInFlight: 0, streamWindowBytes: 1, maxInFlightBytes: 1 },
      credentials: {},
    })
    expect((await peer.refusal()).code).to.equal('BUSY')
  })

  it('a session without a link ends after sessionLeaseMs, and its handlers are told', async () => {
    arena = await Arena.open({ sessionLeaseMs: 50 })
    const peer = await arena.guest()
    peer.call(1_024, { ref: refs.Hold })
    await waitFor(() => Hold.runs === 1)
    peer.close()
    await waitFor(() => Hold.aborted === 1)
    expect(arena.server.sessions).to.have.length(1)
  })

  it('a peer that ends its half is let go', async () => {
    arena = await Arena.open()
    const peer = await arena.guest()
    peer.isStubborn = true
    await peer.isServed()
    await arena.serveOthersDuring(async () => {
      peer.socket.end()
      await peer.closed()
    })
  })

  it('a silent peer is pinged after heartbeatMs and let go after deadAfterMs', async () => {
    arena = await Arena.open({ heartbeatMs: 60, deadAfterMs: 180 })
    const peer = await arena.guest()
    await arena.serveOthersDuring(async () => {
      await peer.next(Kind.Ping)
      expect(peer.isClosed).to.equal(false)
      await peer.closed()
    })
    expect(peer.all(Kind.Ping)).to.have.length(1)
  })

  it('a peer that answers pings stays', async () => {
    arena = await Arena.open({ heartbeatMs: 30, deadAfterMs: 90 })
    const peer = await arena.guest()
    let answered = 0
    await waitFor(() => {
      const pings = peer.all(Kind.Ping).length
      if (pings > answered) peer.send({ kind: Kind.Pong })
      answered = pings
      return answered >= 5
    })
    await peer.isServed()
  })

  it('a frame that never ends is cut after frameTimeoutMs, although its bytes trickle in', async () => {
    arena = await Arena.open({ frameTimeoutMs: 150 })
    const peer = await arena.guest()
    await peer.isServed()
    peer.socket.write(Uint8Array.of(0, 1, 0, 0, 0x97))
    const trickle = setInterval(() => peer.socket.write(Uint8Array.of(0)), 15)
    try {
      await arena.serveOthersDuring(() => peer.closed())
    } finally {
      clearInterval(trickle)
    }
  })
})
