// Whose idempotency keys make room when there are too many, and that none of them runs a second time.
import { expect } from 'chai'
import { Accounting } from '../../../lib/core/accounting/accounting.ts'
import type { Answer } from '../../../lib/gateways/answer.ts'
import type { HttpError } from '../../../lib/gateways/http/error-answer.ts'
import { EvictedKeys } from '../../../lib/gateways/http/evicted-keys.ts'
import type { IdempotencyLimits } from '../../../lib/gateways/http/http-options.ts'
import { type Begun, IdempotencyStore } from '../../../lib/gateways/http/idempotency-store.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'

type First = Extract<Begun, { isFirst: true }>

const answerOf = (size: number): Answer => ({ status: 200, headers: {}, body: new Uint8Array(size) })

describe('Kept outcomes', () => {
  let clock: VirtualClock
  let accounting: Accounting
  let outcomes: IdempotencyStore

  function make(limits: Partial<IdempotencyLimits> = {}, maxHeldBytes = 2 ** 30, evictedBits = 2 ** 16): void {
    clock = new VirtualClock()
    const evicted = new EvictedKeys(900_000, clock, [evictedBits])
    accounting = new Accounting({ maxHeldBytes, isShared: () => false })
    outcomes = new IdempotencyStore(
      { keepMs: 900_000, maxKeys: 8, maxKeptBytes: 1_000, ...limits },
      accounting,
      clock,
      evicted,
    )
  }
  const begin = (from: string, key: string): Begun =>
    outcomes.begin(
      { identity: `address:${from}`, action: 'Pay', key },
      { address: from, identity: undefined },
      'the same body',
    )
  /** It runs, and has ended when `size` is given. */
  function run(from: string, key: string, size?: number): First {
    const begun = begin(from, key)
    if (!begun.isFirst) throw new Error(`${key} does not run`)
    if (size !== undefined) begun.settle(answerOf(size), 'keep')
    return begun
  }
  /** What who comes again is told. */
  function state(from: string, key: string): string {
    try {
      const begun = begin(from, key)
      if (begun.isFirst) begun.settle(answerOf(0), 'drop')
      return begun.isFirst ? 'runs' : 'is kept'
    } catch (error) {
      return `${(error as HttpError).status}`
    }
  }
  /** It runs and has ended, or is refused. */
  function attempt(from: string, key: string): string {
    try {
      run(from, key, 10)
      return 'runs'
    } catch (error) {
      return `${(error as HttpError).status}`
    }
  }
  const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i))

  it('make room for another address by the oldest key of who has most, which does not run again', () => {
    make()
    for (const key of names(0, 6)) run('192.0.2.1', key, 10)
    run('192.0.2.2', 'x', 10)
    run('192.0.2.2', 'y', 10)
    run('192.0.2.3', 'z', 10)
    expect(outcomes.keyCount).to.equal(8)
    expect(names(0, 6).map((key) => state('192.0.2.1', key))).to.deep.equal(['409', ...Array(5).fill('is kept')])
    expect(['x', 'y'].map((key) => state('192.0.2.2', key))).to.deep.equal(['is kept', 'is kept'])
  })

  it('make room for the same address too, without end, and at three quarters', () => {
    make()
    for (const key of names(0, 500)) run('192.0.2.1', key, 10)
    expect(outcomes.keyCount).to.equal(6)
    const states = names(0, 500).map((key) => state('192.0.2.1', key))
    expect(states.slice(0, 494).every((each) => each === '409')).to.equal(true)
    expect(states.slice(494).every((each) => each === 'is kept')).to.equal(true)
    for (const other of names(0, 100)) expect(state('192.0.2.2', other)).to.equal('runs')
  })

  it('know evicted keys for as long as they would have been kept', async () => {
    make()
    for (const key of names(0, 7)) run('192.0.2.1', key, 10)
    await clock.advance(899_000)
    expect(state('192.0.2.1', '0')).to.equal('409')
    await clock.advance(900_000)
    expect(state('192.0.2.1', '0')).to.equal('runs')
    expect([outcomes.keyCount, clock.pendingCount, accounting.heldBytes]).to.deep.equal([0, 0, 0])
  })

  it('never give up a key that runs, and let another address in all the same', () => {
    make()
    for (const key of names(0, 6)) run('192.0.2.1', key)
    expect(state('192.0.2.1', '6')).to.equal('503')
    run('192.0.2.2', 'x')
    expect(names(0, 6).every((key) => state('192.0.2.1', key) === 'is kept')).to.equal(true)
  })

  it('give up keys where answers are too large, those first of who has the largest', () => {
    make()
    run('192.0.2.2', 'small', 100)
    for (const key of names(0, 4)) run('192.0.2.1', key, 300)
    expect(outcomes.keptBytes).to.be.at.most(1_000)
    expect(names(0, 4).map((key) => state('192.0.2.1', key))).to.deep.equal(['409', 'is kept', 'is kept', 'is kept'])
    expect(state('192.0.2.2', 'small')).to.equal('is kept')
    run('192.0.2.1', 'huge', 1_001)
    expect(state('192.0.2.1', 'huge')).to.equal('409')
    expect(state('192.0.2.2', 'small')).to.equal('is kept')
  })

  it('count for their clients, and go where the server holds too much, those that run when they have ended', async () => {
    make({ maxKeys: 100, maxKeptBytes: 2 ** 20 }, 50_000)
    const running = run('192.0.2.1', 'running')
    run('192.0.2.2', 'honest', 100)
    for (const key of names(0, 10)) run('192.0.2.1', key, 10_000)
    expect(accounting.usage().held).to.include({ keys: 100_100 })
    await turn()
    expect(accounting.heldBytes).to.be.at.most(50_000)
    expect(state('192.0.2.1', '0')).to.equal('409')
    expect(state('192.0.2.2', 'honest')).to.equal('is kept')
    // Now nothing is left but what runs.
    accounting.open({ owner: { address: '192.0.2.3', identity: undefined }, bytes: 51_000, shed: () => undefined })
    await turn()
    expect(state('192.0.2.1', 'running')).to.equal('is kept')
    running.settle(answerOf(10), 'keep')
    expect(['is kept', '409']).to.include(state('192.0.2.1', 'running'))
  })

  it('give up what was asked to go while it ran as soon as it has ended; who joined it has its answer', async () => {
    make({}, 1_500)
    const running = run('192.0.2.1', 'a')
    const joined = begin('192.0.2.1', 'a') as Extract<Begun, { isFirst: false }>
    run('192.0.2.1', 'b')
    await turn()
    await turn()
    expect(accounting.usage().shed).to.be.above(0)
    expect([state('192.0.2.1', 'a'), state('192.0.2.1', 'b')]).to.deep.equal(['is kept', 'is kept'])
    running.settle(answerOf(10), 'keep')
    expect((await joined.answer).status).to.equal(200)
    expect(state('192.0.2.1', 'a')).to.equal('409')
  })

  it('refuse who makes others go too fast for the memory of evicted keys, and nobody else', async () => {
    make({}, 2 ** 30, 2 ** 10)
    // One in two thousand is taken for an evicted one.
    const states = names(0, 200).map((key) => attempt('192.0.2.1', key))
    const firstRefused = states.indexOf('503')
    expect(firstRefused).to.be.within(64, 80)
    expect(states.slice(firstRefused).every((each) => each !== 'runs')).to.equal(true)
    expect(states.filter((each) => each === '409').length).to.be.below(20)
    expect(['x', 'y'].map((key) => attempt('192.0.2.2', key))).to.include('runs')
    await clock.advance(450_000)
    expect(['x', 'y'].map((key) => attempt('192.0.2.1', key))).to.include('runs')
  })

  it('forget a key whose call never started', () => {
    make()
    run('192.0.2.1', 'a').settle(answerOf(0), 'drop')
    expect(state('192.0.2.1', 'a')).to.equal('runs')
  })

  it('are no table of the server any more when they are closed', () => {
    make()
    run('192.0.2.1', 'a', 10)
    outcomes.close()
    expect([accounting.usage().places, accounting.heldBytes, clock.pendingCount]).to.deep.equal([{}, 0, 0])
  })
})
