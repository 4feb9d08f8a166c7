// The unit of work of one run, and which runs wait for which: begun when it is asked for, and looked at no longer than it makes calls.
import { expect } from 'chai'
import type { Context } from '../../lib/core/action/context.ts'
import type { NestedCall } from '../../lib/core/action/run-options.ts'
import { ActionUnit } from '../../lib/features/data/action-unit.ts'
import { beginUnit, type Database } from '../../lib/features/data/database.ts'
import { type CallingRun, NestedRuns } from '../../lib/features/data/nested-runs.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

class Call {
  readonly seq: number
  readonly sessionId: string
  end: () => void = () => undefined

  constructor(seq: number, sessionId: string) {
    this.seq = seq
    this.sessionId = sessionId
  }

  whenDone(end: () => void): void {
    this.end = end
  }

  get own(): NestedCall {
    return this as unknown as NestedCall
  }
}

const contextOf = (callId: number, sessionId: string) =>
  ({
    callId,
    actionName: 'buy',
    session: { id: sessionId },
    signal: new AbortController().signal,
  }) as unknown as Context

describe('The unit of work of a run', () => {
  let asked: string[]
  let runs: Set<object>
  let unit: ActionUnit
  const db = { is: 'the db' }

  beforeEach(() => {
    asked = []
    runs = new Set()
    const open = {
      db,
      isHolding: true,
      settle: async () => void asked.push('settle'),
      finish: async (isKept: boolean) => void asked.push(`finish ${isKept}`),
    }
    const database = {
      [beginUnit]: () => {
        asked.push('begin')
        return open
      },
    } as unknown as Database
    const parts = {
      database,
      clock: new VirtualClock(),
      random: Math.random,
      runs: runs as unknown as NestedRuns<ActionUnit>,
    }
    unit = new ActionUnit(contextOf(1, 'cat'), undefined, parts)
  })

  it('is begun once it is asked for, and settled before what it returned travels', async () => {
    expect(unit.isHolding).to.equal(false)
    expect([unit.db, unit.db]).to.deep.equal([db, db])
    expect(unit.isHolding).to.equal(true)
    const settled = unit.settled(5)
    expect(settled).to.be.instanceOf(Promise)
    expect(await settled).to.equal(5)
    await unit.keep()
    expect(asked).to.deep.equal(['begin', 'settle', 'finish true'])
  })

  it('is undone where its run failed', async () => {
    void unit.db
    await unit.undo()
    expect(asked).to.deep.equal(['begin', 'finish false'])
  })

  it('costs nothing where nobody asks for it, and cannot be had when the run is over', () => {
    expect([unit.settled(5), unit.keep(), unit.undo()]).to.deep.equal([5, undefined, undefined])
    expect(() => unit.db).to.throw('context.db: the action has ended; await every db call')
    expect(asked).to.deep.equal([])
    const waiting = Promise.resolve()
    expect(unit.forClient(waiting)).to.equal(waiting)
    expect([unit.label, unit.isFromClient({})]).to.deep.equal(['action "buy"', false])
  })

  it('is among those that wait as long as a call of its run lasts', () => {
    const [one, two] = [new Call(1, 'a'), new Call(2, 'a')]
    expect(unit.calls.size).to.equal(0)
    for (const call of [one, two]) unit.onCall(call.own)
    expect([runs.size, unit.calls.size]).to.deep.equal([1, 2])
    one.end()
    expect([runs.size, [...unit.calls]]).to.deep.equal([1, [two]])
    two.end()
    expect([runs.size, unit.calls.size]).to.deep.equal([0, 0])
    const three = new Call(3, 'a')
    unit.onCall(three.own)
    expect(runs.size).to.equal(1)
    three.end()
    expect(runs.size).to.equal(0)
  })
})

describe('Runs that wait for each other', () => {
  let runs: NestedRuns<CallingRun & { name: string }>

  beforeEach(() => {
    runs = new NestedRuns()
  })

  /** Is call `callId` of its session, and has made these calls. */
  const run = (name: string, callId: number, sessionId: string, ...calls: Call[]) => {
    const made = { name, context: contextOf(callId, sessionId), calls: new Set(calls.map(({ own }) => own)) }
    if (calls.length > 0) runs.add(made)
    return made
  }
  const any = () => true

  it('are found from the one below, the nearest first', () => {
    const top = run('top', 1, 'a', new Call(7, 'b'))
    const middle = run('middle', 7, 'b', new Call(7, 'a'))
    const below = run('below', 7, 'a')
    run('stranger', 3, 'a', new Call(8, 'a'), new Call(7, 'c'))
    expect(runs.above(below, any)?.name).to.equal('middle')
    expect(runs.above(below, ({ name }) => name === 'top')).to.equal(top)
    expect(runs.above(below, ({ name }) => name === 'stranger')).to.equal(undefined)
    expect(runs.above(top, any)).to.equal(undefined)
    runs.delete(middle)
    expect(runs.above(below, any)).to.equal(undefined)
    expect(runs.above(middle, any)).to.equal(top)
  })

  it('are none where nobody makes calls', () => {
    expect(runs.above(run('alone', 1, 'a'), any)).to.equal(undefined)
  })

  it('that call themselves in a circle are looked at an end', () => {
    const circle = run('circle', 1, 'a', new Call(1, 'a'))
    let looks = 0
    const found = runs.above(circle, () => {
      looks++
      return false
    })
    expect(found).to.equal(undefined)
    expect(looks).to.equal(64)
  })
})
