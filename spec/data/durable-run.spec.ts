// One run of a durable action: its start and its answer are recorded around it, also where the store is away for a while.
import { expect } from 'chai'
import type { RunContext } from '../../lib/core/action/run-context.ts'
import type { RecordedAnswer } from '../../lib/core/session/call-records.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import type { ActionUnit } from '../../lib/features/data/action-unit.ts'
import { StoreUnavailableError } from '../../lib/features/data/data-errors.ts'
import type { KeyTurn } from '../../lib/features/data/durable/keyed-calls.ts'
import type { SessionRecords } from '../../lib/features/data/durable/session-records.ts'
import { DurableRun } from '../../lib/features/data/durable-run.ts'
import { failureOf } from '../setup/world.ts'

describe('A run of a durable action', () => {
  let events: string[]
  /** How often the store is away when the answer is to be recorded, or what it says. */
  let fails: (() => Error | undefined)[]
  let context: { callId: number; actionName: string; isAbandoned: boolean }
  let former: RecordedAnswer | undefined
  let run: DurableRun

  beforeEach(() => {
    events = []
    fails = []
    former = undefined
    context = { callId: 7, actionName: 'Pay', isAbandoned: false }
    const unit = {
      keep: async () => void events.push('unit kept'),
      undo: () => void events.push('unit undone'),
      delay: async (mostMs: number) => void events.push(`waits up to ${mostMs}`),
    } as unknown as ActionUnit
    const records = {
      start: async () => {
        const error = fails.shift()?.()
        if (error !== undefined) throw error
        return former
      },
      end: async (seq: number, name: string, recorded: RecordedAnswer) => {
        events.push(`records ${name} ${seq}`)
        const error = fails.shift()?.()
        if (error !== undefined) throw error
        return recorded
      },
      unknown: (seq: number, _: string, why: string) => ({
        answer: { kind: Kind.Failure, seq, items: 0, notStarted: false, error: why },
        items: [],
      }),
    } as unknown as SessionRecords
    const turn = { key: {}, release: () => void events.push('turn released') } as unknown as KeyTurn
    run = new DurableRun(unit, context as RunContext, records, turn)
  })

  const away = (): Error => new StoreUnavailableError('away')

  it('keeps the turn of its key from its start to its answer', async () => {
    expect(await run.begin()).to.equal(undefined)
    expect(events).to.deep.equal([])
    const { answer } = await run.keep('done')
    expect(answer).to.deep.equal({ kind: Kind.Result, seq: 7, items: 0, value: 'done' })
    expect(events).to.deep.equal(['unit kept', 'records Pay 7', 'turn released'])
  })

  it('gives the turn back where it must not start', async () => {
    former = { answer: { kind: Kind.Result, seq: 7, items: 0, value: 'kept' }, items: [] }
    expect(await run.begin()).to.equal(former)
    expect(events).to.deep.equal(['turn released'])
  })

  it('gives the turn back where its start cannot be recorded', async () => {
    fails = [away]
    expect((await failureOf(run.begin())).message).to.equal('away')
    expect(events).to.deep.equal(['turn released'])
  })

  it('records what was thrown, after its unit is undone', async () => {
    const { answer } = await run.undo(() => 'no money')
    expect(answer).to.deep.equal({ kind: Kind.Failure, seq: 7, items: 0, notStarted: false, error: 'no money' })
    expect(events).to.deep.equal(['unit undone', 'records Pay 7', 'turn released'])
  })

  it('asks a store that is away again, as long as somebody waits for the answer', async () => {
    fails = [away, away, () => undefined]
    const { answer } = await run.keep('done')
    expect(answer).to.have.property('value', 'done')
    const again = ['records Pay 7', 'waits up to 200']
    expect(events).to.deep.equal(['unit kept', ...again, ...again, 'records Pay 7', 'turn released'])
  })

  it('does not know its outcome where nobody waits any more, or the store says something else', async () => {
    const gaveUp = (): Error => {
      context.isAbandoned = true
      return away()
    }
    for (const failing of [gaveUp, () => new Error('broken')]) {
      events = []
      context.isAbandoned = false
      fails = [failing]
      const { answer } = await run.keep('done')
      expect(answer).to.have.property('error', 'it ran, but the store could not record its answer')
      expect(events).to.deep.equal(['unit kept', 'records Pay 7', 'turn released'])
    }
  })
})
