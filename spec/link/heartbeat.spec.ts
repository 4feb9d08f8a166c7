// A link that died, and a frame that never ends, in virtual time.
import { expect } from 'chai'
import { Heartbeat, type HeartbeatLimits, type HeartbeatOptions, type Transfer } from '../../lib/core/link/heartbeat.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

/** Writes down what the heartbeat does, with the time. */
class Watched {
  readonly clock = new VirtualClock()
  readonly startedAtMs = this.clock.now()
  readonly pingedAtMs: number[] = []
  readonly pongedAtMs: number[] = []
  readonly provenAtMs: number[] = []
  openFrameNumber = 0
  openBytes = 0
  outgoing: Transfer = { number: 0, bytes: 0 }
  death: { atMs: number; reason: string } | undefined
  readonly heartbeat: Heartbeat

  constructor(limits: Partial<HeartbeatLimits> = {}, options: HeartbeatOptions = {}) {
    const all = { heartbeatMs: 15_000, deadAfterMs: 45_000, frameTimeoutMs: 30_000, ...limits }
    this.heartbeat = new Heartbeat(
      this.clock,
      all,
      {
        incoming: () => ({ number: this.openFrameNumber, bytes: this.openBytes }),
        outgoing: () => this.outgoing,
        onProven: () => void this.provenAtMs.push(this.passedMs),
        send: ({ kind }) => (kind === Kind.Ping ? this.pingedAtMs : this.pongedAtMs).push(this.passedMs),
        close: (reason) => {
          this.death = { atMs: this.passedMs, reason: reason.message }
        },
      },
      options,
    )
    this.heartbeat.start()
  }

  get passedMs(): number {
    return this.clock.now() - this.startedAtMs
  }

  /** Lets time pass in which bytes come all the time. */
  async talk(ms: number, everyMs = 1_000, onTalk: () => void = () => undefined): Promise<void> {
    for (let passed = 0; passed < ms; passed += everyMs) {
      onTalk()
      this.heartbeat.heard()
      await this.clock.advance(everyMs)
    }
  }
}

describe('Heartbeat', () => {
  let watched: Watched

  beforeEach(() => {
    watched = new Watched()
  })

  afterEach(() => watched.heartbeat.stop())

  it('pings once after 15 s of silence', async () => {
    await watched.clock.advance(14_999)
    expect(watched.pingedAtMs).to.deep.equal([])
    await watched.clock.advance(20_000)
    expect(watched.pingedAtMs).to.deep.equal([15_000])
    expect(watched.death).to.equal(undefined)
  })

  it('declares the link dead after 45 s of silence, once, and holds no timer then', async () => {
    await watched.clock.advance(44_999)
    expect(watched.death).to.equal(undefined)
    await watched.clock.advance(1)
    expect(watched.death).to.deep.equal({ atMs: 45_000, reason: 'the link is dead: nothing received for 45000 ms' })
    expect(watched.clock.pendingCount).to.equal(0)
  })

  it('counts from the last byte: at most one tick later', async () => {
    await watched.talk(61_000)
    await watched.clock.advance(44_000)
    expect(watched.death).to.equal(undefined)
    await watched.clock.advance(6_000)
    expect(watched.death?.atMs).to.be.within(61_000 + 44_000, 61_000 + 50_000)
  })

  it('never pings a link that talks', async () => {
    await watched.talk(600_000)
    expect(watched.pingedAtMs).to.deep.equal([])
    expect(watched.death).to.equal(undefined)
  })

  it('pings again after each silence', async () => {
    for (let round = 0; round < 3; round++) {
      await watched.clock.advance(20_000)
      watched.heartbeat.heard()
    }
    expect(watched.pingedAtMs).to.have.length(3)
  })

  it('cuts a frame that does not end within 30 s, although its bytes trickle in', async () => {
    watched.openFrameNumber = 7
    await watched.talk(29_000)
    expect(watched.death).to.equal(undefined)
    await watched.talk(7_000)
    expect(watched.death?.reason).to.match(/^the link is dead: only 0 bytes of a frame arrived in 3[05]000 ms$/)
    expect(watched.death?.atMs).to.be.within(30_000, 35_000)
  })

  it('lets a frame take as long as it likes that comes in at the least rate, 16 bytes a millisecond', async () => {
    watched.openFrameNumber = 1
    await watched.talk(600_000, 1_000, () => {
      watched.openBytes += 16_000
    })
    expect(watched.death).to.equal(undefined)
    expect(watched.heartbeat.isTransferSlow).to.equal(true)
  })

  it('shows life to the sender of a frame that takes long, every 10 s, since what that asks waits behind its frame', async () => {
    watched.openFrameNumber = 1
    await watched.talk(61_000, 1_000, () => {
      watched.openBytes += 16_000
    })
    expect(watched.pongedAtMs).to.deep.equal([15_000, 25_000, 35_000, 45_000, 55_000])
    expect(watched.pingedAtMs).to.deep.equal([])
  })

  it('takes a PONG that nobody asked for as the word that the peer still receives', async () => {
    watched.heartbeat.onPong()
    await watched.talk(15_000)
    expect(watched.heartbeat.isTransferSlow).to.equal(false)
    watched.heartbeat.onPong()
    await watched.talk(10_000)
    expect(watched.heartbeat.isTransferSlow).to.equal(true)
  })

  it('takes a PONG that answers its PING for no more than that', async () => {
    await watched.clock.advance(15_000)
    watched.heartbeat.onPong()
    expect(watched.heartbeat.isTransferSlow).to.equal(false)
  })

  it('cuts a frame that comes in at half of the least rate, when it is 30 s behind', async () => {
    watched.openFrameNumber = 1
    await watched.talk(120_000, 1_000, () => {
      watched.openBytes += 8_000
    })
    expect(watched.death?.atMs).to.be.within(60_000, 70_000)
  })

  it('cuts a peer that keeps talking and takes nothing of what was written, after 45 s and a second for each 16 KB', async () => {
    watched.outgoing = { number: 1, bytes: 160_000 }
    await watched.talk(54_000)
    expect(watched.death).to.equal(undefined)
    await watched.talk(10_000)
    expect(watched.death?.reason).to.equal('the link is dead: the peer did not read 160000 bytes in 55000 ms')
  })

  it('does not cut a peer that took what was written, and has more to take', async () => {
    await watched.talk(300_000, 1_000, () => {
      watched.outgoing = { number: watched.outgoing.number + 1, bytes: 1_000 }
    })
    expect(watched.death).to.equal(undefined)
    expect(watched.heartbeat.isTransferSlow).to.equal(false)
  })

  it('does not cut a link that is always in the middle of another frame', async () => {
    await watched.talk(300_000, 1_000, () => {
      watched.openFrameNumber++
    })
    expect(watched.death).to.equal(undefined)
  })

  it('does not add up the times of frames that each ended', async () => {
    for (let frame = 1; frame <= 10; frame++) {
      watched.openFrameNumber = frame
      await watched.talk(20_000)
      watched.openFrameNumber = 0
      await watched.talk(5_000)
    }
    expect(watched.death).to.equal(undefined)
  })

  it('does not hold its own suspension against the peer', async () => {
    watched.openFrameNumber = 3
    await watched.talk(10_000)
    const { late, heartbeat, died } = suspended({ number: 3, bytes: 0 })
    late.wakeAfter(3_600_000)
    late.wakeAfter(3_600_000)
    expect(died).to.deep.equal([])
    heartbeat.stop()
  })

  it('lets sockets be read after a standstill, before it judges', () => {
    const { late, heartbeat, died } = suspended()
    for (let tick = 0; tick < 8; tick++) late.wakeAfter(5_000)
    late.wakeAfter(65_000)
    expect(died).to.deep.equal([])
    heartbeat.heard()
    for (let tick = 0; tick < 8; tick++) late.wakeAfter(5_000)
    expect(died).to.deep.equal([])
    late.wakeAfter(5_000)
    late.wakeAfter(5_000)
    expect(died).to.have.length(1)
    heartbeat.stop()
  })

  it('notices a dead link in a page that is hidden, whose timers all come late', () => {
    const { late, heartbeat, died } = suspended()
    for (let minute = 0; minute < 10; minute++) late.wakeAfter(60_000)
    expect(died).to.have.length(1)
    heartbeat.stop()
  })

  describe('of a peer in doubt', () => {
    it('asks at once, and declares the link dead where nothing is heard for 3 s', async () => {
      await watched.clock.advance(1_000)
      watched.heartbeat.doubt()
      watched.heartbeat.doubt()
      expect(watched.pingedAtMs).to.deep.equal([1_000])
      expect(watched.heartbeat.isInDoubt).to.equal(true)
      await watched.clock.advance(2_999)
      expect(watched.death).to.equal(undefined)
      await watched.clock.advance(1)
      expect(watched.death).to.include({ atMs: 4_000 })
      expect(watched.death?.reason).to.match(/no answer within 3000 ms to a check/)
      expect(watched.clock.pendingCount).to.equal(0)
    })

    it('is told of the first sign of life, whatever it is', async () => {
      watched.heartbeat.doubt()
      await watched.clock.advance(2_000)
      watched.heartbeat.heard()
      watched.heartbeat.heard()
      expect(watched.provenAtMs).to.deep.equal([2_000])
      expect(watched.heartbeat.isInDoubt).to.equal(false)
      await watched.clock.advance(10_000)
      expect(watched.death).to.equal(undefined)
    })

    it('waits longer where what was written before is not taken yet', async () => {
      watched.outgoing = { number: 1, bytes: 9_000_000 }
      watched.heartbeat.doubt()
      await watched.clock.advance(9_999)
      expect(watched.death).to.equal(undefined)
      await watched.clock.advance(1)
      expect(watched.death?.atMs).to.equal(10_000)
    })

    it('asks after a sleep, and only where it was told to', () => {
      for (const doubtsAfterSleep of [true, false]) {
        const { late, heartbeat, sent } = suspended({ number: 0, bytes: 0 }, { doubtsAfterSleep })
        late.wakeAfter(5_000)
        expect([heartbeat.isInDoubt, sent.length]).to.deep.equal([false, 0])
        late.wakeAfter(65_000)
        expect([heartbeat.isInDoubt, sent.length]).to.deep.equal([doubtsAfterSleep, doubtsAfterSleep ? 1 : 0])
        heartbeat.stop()
      }
    })

    it('asks after a sleep of the machine, which only the calendar shows', () => {
      const { late, heartbeat } = suspended({ number: 0, bytes: 0 }, { doubtsAfterSleep: true })
      late.wakeAfter(5_000)
      late.sleptMs = 60_000
      expect(heartbeat.isInDoubt).to.equal(false)
      late.wakeAfter(5_000)
      expect(heartbeat.isInDoubt).to.equal(true)
      heartbeat.stop()
    })

    it('is not asked before the session stands, nor after the end', () => {
      watched.heartbeat.stop()
      watched.heartbeat.doubt()
      expect([watched.pingedAtMs, watched.clock.pendingCount]).to.deep.equal([[], 0])
    })
  })

  it('ticks as often as its smallest bound needs', async () => {
    const hasty = new Watched({ heartbeatMs: 30, deadAfterMs: 90, frameTimeoutMs: 60 })
    await hasty.clock.advance(89)
    expect(hasty.pingedAtMs).to.deep.equal([30])
    await hasty.clock.advance(1)
    expect(hasty.death?.atMs).to.equal(90)
  })

  it('is quiet once it was stopped, and starts only once', async () => {
    watched.heartbeat.start()
    expect(watched.clock.pendingCount).to.equal(1)
    watched.heartbeat.stop()
    watched.heartbeat.stop()
    expect(watched.clock.pendingCount).to.equal(0)
    await watched.clock.advance(100_000)
    expect(watched.pingedAtMs).to.deep.equal([])
  })
})

function suspended(incoming: Transfer = { number: 0, bytes: 0 }, options: HeartbeatOptions = {}) {
  const late = new SuspendedClock()
  const died: string[] = []
  const sent: number[] = []
  const heartbeat = new Heartbeat(
    late,
    { heartbeatMs: 15_000, deadAfterMs: 45_000, frameTimeoutMs: 30_000 },
    {
      incoming: () => incoming,
      outgoing: () => ({ number: 0, bytes: 0 }),
      send: ({ kind }) => void sent.push(kind),
      onProven: () => undefined,
      close: (reason) => died.push(reason.message),
    },
    options,
  )
  heartbeat.start()
  return { late, heartbeat, died, sent }
}

/** Its one timer fires late, as after the lid of a laptop was shut: once, however much time has passed. */
class SuspendedClock {
  /** For how long the machine has slept. */
  sleptMs = 0
  #nowMs = 0
  #run: (() => void) | undefined

  now(): number {
    return this.#nowMs
  }

  wallNow(): number {
    return 1_000_000 + this.#nowMs + this.sleptMs
  }

  setTimer(run: () => void): { cancel(): void; keepProcessAlive(): void } {
    this.#run = run
    return { cancel: () => undefined, keepProcessAlive: () => undefined }
  }

  wakeAfter(ms: number): void {
    this.#nowMs += ms
    this.#run?.()
  }
}
