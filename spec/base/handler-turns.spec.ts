// Handlers and loops that take long leave the event loop a turn, in order.
import { expect } from 'chai'
import { platformClock } from '../../lib/core/base/clock.ts'
import { HandlerTurns, LoopTurns, turnsOf } from '../../lib/core/base/handler-turns.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

describe('The turns of handlers', () => {
  let nowMs: number
  let planned: (() => void)[]
  let turns: HandlerTurns
  let ran: string[]

  beforeEach(() => {
    nowMs = 0
    planned = []
    ran = []
    turns = new HandlerTurns(
      () => nowMs,
      (run) => void planned.push(run),
    )
  })

  const spend = (ms: number): void => {
    const beganAtMs = turns.now()
    nowMs += ms
    turns.spentSince(beganAtMs)
  }
  const turn = (): void => planned.shift()?.()

  it('are shared by all that go by the platform’s clock, and never end by one that a test moves', () => {
    const clock = new VirtualClock()
    expect(turnsOf(platformClock)).to.equal(turnsOf(platformClock)).and.not.equal(turnsOf(clock))
    const virtual = turnsOf(clock)
    const began = virtual.now()
    clock.standStill(9_000)
    virtual.spentSince(began)
    expect(virtual.isOver).to.equal(false)
  })

  it('end after 8 ms of handlers, and not of what is between them', () => {
    spend(7)
    nowMs += 1_000
    expect(turns.isOver).to.equal(false)
    spend(1)
    expect(turns.isOver).to.equal(true)
    turns.later(() => void ran.push('next'))
    expect([ran, planned.length]).to.deep.equal([[], 1])
    turn()
    expect([ran, turns.isOver]).to.deep.equal([['next'], false])
  })

  it('are had in the order of asking; who used one up comes after those who had none', () => {
    spend(8)
    const long = (name: string) => (): void => {
      ran.push(name)
      spend(8)
      turns.later(() => void ran.push(`${name} again`))
    }
    turns.later(long('a'))
    turns.later(long('b'))
    turns.later(() => void ran.push('c'))
    turn()
    expect(ran).to.deep.equal(['a'])
    turn()
    expect(ran).to.deep.equal(['a', 'b'])
    turn()
    expect(ran).to.deep.equal(['a', 'b', 'c', 'a again', 'b again'])
    expect(planned).to.have.lengthOf(0)
  })

  it('come also where who used one up does not ask for another', () => {
    spend(8)
    turns.later(() => spend(8))
    turns.later(() => void ran.push('b'))
    turn()
    turn()
    expect(ran).to.deep.equal(['b'])
  })

  it('of a loop count from one step to the asking for the next', () => {
    const loop = new LoopTurns(turns)
    expect(loop.asks()).to.equal(false)
    nowMs += 100
    loop.handed()
    nowMs += 7
    expect(loop.asks()).to.equal(false)
    loop.handed()
    nowMs += 1
    expect(loop.asks()).to.equal(true)
  })
})
