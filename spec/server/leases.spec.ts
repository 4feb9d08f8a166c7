// How long sessions outlive their links, by what they were used for; in virtual time.
import { expect } from 'chai'
import { Leases } from '../../lib/core/server/leases.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

interface Kept {
  name: string
  hasLeftPage: boolean
  core: { isUnused: boolean; runningCount: number }
  holder: { running: number }
}

describe('Leases', () => {
  const limits = { sessionLeaseMs: 1_000, unusedSessionLeaseMs: 100, leftPageLeaseMs: 300 }
  let clock: VirtualClock
  let over: string[]
  let leases: Leases

  beforeEach(() => {
    clock = new VirtualClock()
    over = []
    leases = leasesWith(limits)
  })

  afterEach(() => {
    leases.close()
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  const leasesWith = (of: typeof limits): Leases =>
    new Leases(clock, of, (session, afterMs) => over.push(`${(session as unknown as Kept).name} after ${afterMs} ms`))

  function session(
    name: string,
    more: { unused?: boolean; left?: boolean; running?: number; ofAddress?: number } = {},
  ): ServerSession {
    const { unused = false, left = false, running = 1, ofAddress = running } = more
    const core = { isUnused: unused, runningCount: running }
    const kept: Kept = { name, hasLeftPage: left, core, holder: { running: ofAddress } }
    return kept as unknown as ServerSession
  }

  it('end after the time of their kind, and not before', async () => {
    leases.begin(session('used'))
    leases.begin(session('unused', { unused: true }))
    leases.begin(session('of a page that was left', { left: true }))
    for (const [ms, expected] of [
      [99, []],
      [1, ['unused after 100 ms']],
      [199, []],
      [1, ['of a page that was left after 300 ms']],
      [699, []],
      [1, ['used after 1000 ms']],
    ] as const) {
      await clock.advance(ms)
      expect(over.splice(0)).to.deep.equal(expected)
    }
  })

  it('are never longer than that of a session that was used', async () => {
    leases = leasesWith({ sessionLeaseMs: 50, unusedSessionLeaseMs: 100, leftPageLeaseMs: 300 })
    leases.begin(session('unused', { unused: true }))
    leases.begin(session('left', { left: true }))
    await clock.advance(50)
    expect(over).to.deep.equal(['left after 50 ms', 'unused after 50 ms'])
  })

  it('are not made longer because a page was left', async () => {
    leases.begin(session('unused and left', { unused: true, left: true }))
    await clock.advance(100)
    expect(over).to.deep.equal(['unused and left after 100 ms'])
  })

  it('run from the time at which the link was lost, each its own', async () => {
    leases.begin(session('first'))
    await clock.advance(400)
    leases.begin(session('second'))
    await clock.advance(600)
    expect(over).to.deep.equal(['first after 1000 ms'])
    await clock.advance(399)
    expect(over).to.have.length(1)
    await clock.advance(1)
    expect(over).to.have.length(2)
  })

  it('end with the session, or when it has a link again', async () => {
    const kinds = [session('used'), session('unused', { unused: true }), session('left', { left: true })]
    for (const each of kinds) leases.begin(each)
    for (const each of kinds) leases.end(each)
    await clock.advance(2_000)
    expect(over).to.deep.equal([])
  })

  it('find the oldest session of the address with most calls, above a number', () => {
    for (const [name, ofAddress] of [
      ['some', 3],
      ['most', 5],
      ['as many', 5],
    ] as const)
      leases.begin(session(name, { ofAddress }))
    const nameOf = (found: ServerSession | undefined): unknown => found && (found as unknown as Kept).name
    expect(nameOf(leases.oldestOfMostRunning(0))).to.equal('most')
    expect(nameOf(leases.oldestOfMostRunning(4))).to.equal('most')
    expect(leases.oldestOfMostRunning(5)).to.equal(undefined)
    leases.begin(session('of a page', { ofAddress: 5, left: true }))
    expect(nameOf(leases.oldestOfMostRunning(0)), 'left pages first').to.equal('of a page')
  })

  it('find no session without running calls of its own, nor one that was never used', () => {
    leases.begin(session('idle', { running: 0, ofAddress: 9 }))
    leases.begin(session('unused', { unused: true, ofAddress: 9 }))
    expect(leases.oldestOfMostRunning(0)).to.equal(undefined)
  })
})
