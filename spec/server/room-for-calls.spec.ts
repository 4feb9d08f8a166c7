// Whose calls are ended when others with few calls are refused: of those who are away first, then of the address with most.
import { expect } from 'chai'
import { BusyError } from '../../lib/core/base/errors.ts'
import { RoomForCalls } from '../../lib/core/server/room-for-calls.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

interface Holder {
  readonly running: number
}

describe('RoomForCalls', () => {
  let clock: VirtualClock
  let sessions: Map<string, ServerSession>
  let away: { account: unknown } | undefined
  let askedAbove: number[]
  let shed: unknown[]
  let ended: string[]
  let reasons: unknown[]
  let room: RoomForCalls

  beforeEach(() => {
    clock = new VirtualClock()
    sessions = new Map()
    away = undefined
    askedAbove = []
    shed = []
    ended = []
    reasons = []
    const leases = {
      oldestOfMostRunning: (above: number) => {
        askedAbove.push(above)
        return away as ServerSession | undefined
      },
    }
    const accounting = { shed: (account: unknown) => shed.push(account) }
    room = new RoomForCalls({ clock, accounting, leases, sessions } as never)
  })

  /** A session with calls that were admitted at these times. */
  function add(name: string, holder: Holder, ...admittedAtMs: number[]): void {
    const going = admittedAtMs.map((at) => ({ admittedAtMs: at, name: `${name} ${at}` }))
    const giveUp = (call: { name: string }, reason: unknown): void => {
      ended.push(call.name)
      reasons.push(reason)
    }
    sessions.set(name, { holder, core: { asked: { calls: { going }, giveUp } } } as unknown as ServerSession)
  }

  const many = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

  it('ends a session that is away while calls of it run, and nothing else', () => {
    away = { account: 'its account' }
    add('cat', { running: 9 }, 1, 2, 3)
    room.make(1)
    expect(askedAbove).to.deep.equal([1])
    expect(shed).to.deep.equal(['its account'])
    expect(ended).to.deep.equal([])
  })

  it('ends the newest calls of the address with most, down to its share', () => {
    const crowd = { running: 5 }
    add('dog', { running: 4 }, 90, 91, 92, 93)
    add('ant', crowd, 10, 40)
    add('bee', crowd, 20, 30, 50)
    add('cat', { running: 3 }, 60, 70, 80)
    room.make(2)
    expect(ended).to.deep.equal(['bee 50', 'ant 40', 'bee 30'])
    const [reason] = reasons as BusyError[]
    expect(reason).to.be.instanceOf(BusyError)
    expect(reason?.notStarted).to.equal(false)
  })

  it('leaves an address alone that has its share and no more', () => {
    add('cat', { running: 2 }, 1, 2)
    room.make(2)
    expect(ended).to.deep.equal([])
  })

  it('gives a share of a half and more to whole calls only', () => {
    add('cat', { running: 3 }, 1, 2, 3)
    room.make(2.5)
    expect(ended).to.deep.equal(['cat 3'])
  })

  it('goes on to the next address where all of the first were ended before', () => {
    add('ant', { running: 9 }, 1, 2)
    add('bee', { running: 5 }, 3, 4, 5)
    room.make(2)
    expect(ended).to.deep.equal(['bee 5'])
  })

  it('counts nothing for a session without calls', () => {
    const holder = { running: 3 }
    sessions.set('silent', { holder, core: { asked: undefined } } as unknown as ServerSession)
    add('cat', holder, 1, 2, 3)
    room.make(2)
    expect(ended).to.deep.equal(['cat 3'])
  })

  it('ends 128 calls at a time at most', () => {
    add('cat', { running: 200 }, ...many(200))
    room.make(1)
    expect(ended).to.have.length(128)
  })

  it('looks again after 20 ms where it made room, and after 500 ms where it did not', () => {
    const looks = (afterMs: number): boolean => {
      const before = askedAbove.length
      clock.standStill(afterMs)
      room.make(1)
      return askedAbove.length > before
    }
    expect(looks(0)).to.equal(true)
    expect([looks(499), looks(1)], 'nothing was found').to.deep.equal([false, true])
    clock.standStill(500)
    away = { account: 'its account' }
    expect(looks(0)).to.equal(true)
    expect([looks(19), looks(1)], 'a session was ended').to.deep.equal([false, true])
    away = { account: undefined }
    add('cat', { running: 9 }, 1, 2, 3)
    expect(looks(20)).to.equal(true)
    expect(ended.length, 'calls').to.equal(2)
    expect([looks(19), looks(1)], 'calls were ended').to.deep.equal([false, true])
  })
})
