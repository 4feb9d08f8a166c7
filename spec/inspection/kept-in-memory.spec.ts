// The calls of a session that its server has in memory: how many answers are kept, and what is listed of each call.
import { expect } from 'chai'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { callsInMemory, keptInMemory } from '../../lib/features/inspection/kept-in-memory.ts'

const result = (value: string) => ({ kind: Kind.Result, seq: 1, items: 0, value })
const failure = (error: string, notStarted = false) => ({ kind: Kind.Failure, seq: 1, items: 0, notStarted, error })

const sessionOf = (...all: readonly (object | undefined)[]): ServerSession =>
  ({ core: { asked: { calls: { all } } } }) as unknown as ServerSession

const call = (more: object) => ({ seq: 5, name: 'Buy', state: 'answered', admittedAtMs: 1_000, ...more })

describe('What a session keeps in memory', () => {
  it('is nothing where there is no session, or one that was never called', () => {
    const idle = { core: {} } as unknown as ServerSession
    for (const session of [undefined, idle, sessionOf()]) {
      expect(keptInMemory(session)).to.deep.equal({ answers: 0, bytes: 0 })
      expect(callsInMemory(session, -1, 0)).to.deep.equal([])
    }
  })

  it('is the number of its answers, and their bytes', () => {
    const session = sessionOf(
      call({ answer: result('12345') }),
      undefined,
      call({ state: 'running' }),
      call({ answer: failure('123') }),
      call({ answer: result('') }),
    )
    expect(keptInMemory(session)).to.deep.equal({ answers: 3, bytes: 8 })
  })
})

describe('The calls in memory', () => {
  const listed = (more: object, nowMs = 1_500) => callsInMemory(sessionOf(call(more)), -1, nowMs)[0]
  const common = { seq: 5, slot: 0, action: 'Buy', ageMs: 500, where: 'memory' }

  it('say what became of them', () => {
    expect(listed({ state: 'running' })).to.deep.equal({ ...common, state: 'started', bytes: 0 })
    expect(listed({ state: 'forgotten' })).to.deep.equal({ ...common, state: 'unknown', bytes: 0 })
    expect(listed({ answer: result('1234') })).to.deep.equal({
      ...common,
      state: 'answered',
      outcome: 'value',
      bytes: 4,
    })
    expect(listed({ answer: failure('12') })).to.deep.equal({
      ...common,
      state: 'answered',
      outcome: 'error',
      bytes: 2,
    })
    expect(listed({ answer: failure('12', true) })).to.deep.equal({
      ...common,
      state: 'answered',
      outcome: 'not started',
      bytes: 2,
    })
    expect(listed({ answer: { ...result('1'), notStarted: true } })).to.include({ outcome: 'value' })
  })

  it('have no action and no age if only their cancel has come', () => {
    expect(listed({ name: '' })).to.deep.equal({ seq: 5, slot: 0, state: 'answered', bytes: 0, where: 'memory' })
  })

  it('have an age in whole milliseconds, which is not negative', () => {
    expect(listed({}, 1_000.6)).to.include({ ageMs: 1 })
    expect(listed({}, 1_000.4)).to.include({ ageMs: 0 })
    expect(listed({}, 400)).to.include({ ageMs: 0 })
  })

  it('are those in higher slots that are not acknowledged, in the order of slots', () => {
    const session = sessionOf(
      call({ seq: 10 }),
      call({ seq: 11 }),
      undefined,
      call({ seq: 13, state: 'acknowledged' }),
      call({ seq: 14 }),
    )
    const seqs = (after: number) => callsInMemory(session, after, 0).map(({ slot, seq }) => [slot, seq])
    expect(seqs(-1)).to.deep.equal([
      [0, 10],
      [1, 11],
      [4, 14],
    ])
    expect(seqs(0)).to.deep.equal([
      [1, 11],
      [4, 14],
    ])
    expect(seqs(1)).to.deep.equal([[4, 14]])
    expect(seqs(4)).to.deep.equal([])
  })
})
