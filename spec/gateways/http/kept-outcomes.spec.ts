// The outcomes that are kept for Idempotency-Keys, in virtual time: how many, how large, how long, and that nothing is left of them.
import { expect } from 'chai'
import type { Answer } from '../../../lib/gateways/answer.ts'
import { retryAfter } from '../../../lib/gateways/http/error-answer.ts'
import { type Begun, KeptOutcomes } from '../../../lib/gateways/http/kept-outcomes.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'

const keepMs = 10_000

describe('The outcomes kept for Idempotency-Keys', () => {
  const limits = { keepMs, maxKeys: 4, maxKeysPerIdentity: 2, maxKeptBytes: 100 }
  let clock: VirtualClock
  let outcomes: KeptOutcomes

  beforeEach(() => {
    clock = new VirtualClock()
    outcomes = new KeptOutcomes(limits, clock)
  })

  afterEach(() => {
    outcomes.close()
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  /** Of this many bytes. */
  const answerOf = (bytes: number): Answer => ({ status: 200, headers: {}, body: new Uint8Array(bytes) })
  const begin = (key: string, identity = 'ada', fingerprint = 'body') =>
    outcomes.begin({ identity, action: 'Pay', key }, fingerprint)
  const settle = (begun: Begun, bytes: number, fate: 'keep' | 'drop' = 'keep') => {
    if (!begun.isFirst) throw new Error('it ran before')
    begun.settle(answerOf(bytes), fate)
  }
  const run = (key: string, bytes = 10, identity = 'ada') => settle(begin(key, identity), bytes)
  const refusalOf = (begin: () => unknown): { status: number; headers: Record<string, string> } => {
    try {
      begin()
    } catch (error) {
      return error as { status: number; headers: Record<string, string> }
    }
    throw new Error('it was not refused')
  }

  it('are there for who comes again, and gone when their time is over, with all that they took', async () => {
    run('1', 30)
    await clock.advance(1)
    run('2', 20)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([2, 50])
    const again = begin('1')
    expect(again.isFirst ? undefined : ((await again.answer).body as Uint8Array).length).to.equal(30)
    await clock.advance(keepMs - 2)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([2, 50])
    await clock.advance(1)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([1, 20])
    await clock.advance(1)
    expect([outcomes.keyCount, outcomes.keptBytes, clock.pendingCount]).to.deep.equal([0, 0, 0])
    expect(begin('1').isFirst).to.equal(true)
  })

  it('are joined while they run, however long', async () => {
    const first = begin('1')
    const joined = begin('1')
    await clock.advance(10 * keepMs)
    expect(outcomes.keyCount).to.equal(1)
    settle(first, 7)
    expect(joined.isFirst ? undefined : ((await joined.answer).body as Uint8Array).length).to.equal(7)
    await clock.advance(keepMs - 1)
    expect(begin('1').isFirst).to.equal(false)
  })

  it('are no more where nothing ran, and leave nothing', async () => {
    const first = begin('1')
    const joined = begin('1')
    settle(first, 7, 'drop')
    expect(joined.isFirst ? undefined : ((await joined.answer).body as Uint8Array).length).to.equal(7)
    expect([outcomes.keyCount, outcomes.keptBytes, clock.pendingCount]).to.deep.equal([0, 0, 0])
    for (const key of ['2', '3']) run(key)
    expect(outcomes.keyCount, 'as many as one identity may have').to.equal(2)
  })

  it('are forgotten from the oldest where they are too large together, and their keys stay', async () => {
    run('1', 40)
    run('2', 60)
    expect(outcomes.keptBytes).to.equal(100)
    expect(begin('1').isFirst).to.equal(false)
    run('3', 1, 'eve')
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([3, 61])
    expect(refusalOf(() => begin('1'))).to.include({ status: 409, code: 'OUTCOME_UNKNOWN' })
    expect(begin('2').isFirst).to.equal(false)
    await clock.advance(keepMs)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([0, 0])
  })

  it('are not kept where one alone is too large, which is said', () => {
    run('1', 101)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([1, 0])
    expect(refusalOf(() => begin('1'))).to.include({ status: 409 })
    expect(refusalOf(() => begin('1', 'ada', 'another body'))).to.include({ status: 422 })
  })

  it('are so many of one identity, and so many in all, until the first of them is gone', async () => {
    run('1')
    await clock.advance(2_500)
    begin('2')
    expect(refusalOf(() => begin('3'))).to.deep.include({ status: 429, headers: { 'retry-after': '8' } })
    run('1', 10, 'eve')
    expect(outcomes.keyCount).to.equal(3)
    run('1', 10, 'bob')
    expect(refusalOf(() => begin('1', 'joe'))).to.deep.include({ status: 503, headers: { 'retry-after': '8' } })
    await clock.advance(7_499)
    expect(refusalOf(() => begin('3'))).to.deep.include({ status: 429, headers: { 'retry-after': '1' } })
    await clock.advance(1)
    begin('3')
    expect(outcomes.keyCount).to.equal(4)
    // Those that run have no time yet in which they go.
    expect(refusalOf(() => begin('4'))).to.include({ status: 429 })
    expect(refusalOf(() => begin('1', 'joe'))).to.deep.include({ status: 503, headers: { 'retry-after': '3' } })
  })

  it('may be one of each identity, and the next one is asked to come again soon while nothing has ended', () => {
    outcomes = new KeptOutcomes({ ...limits, maxKeysPerIdentity: 1, maxKeys: 2 }, clock)
    expect([begin('1').isFirst, begin('1', 'eve').isFirst]).to.deep.equal([true, true])
    expect(refusalOf(() => begin('2'))).to.deep.include({ status: 429, headers: retryAfter })
    expect(refusalOf(() => begin('1', 'bob'))).to.deep.include({ status: 503, headers: retryAfter })
    expect(Number(retryAfter['retry-after'])).to.be.within(1, 60)
  })

  it('are of one action, one identity and one key each', () => {
    run('1')
    expect(begin('1', 'eve').isFirst).to.equal(true)
    expect(begin('2').isFirst).to.equal(true)
    expect(outcomes.begin({ identity: 'bob', action: 'Refund', key: '1' }, 'body').isFirst).to.equal(true)
  })

  it('go when the gateway closes; what runs then leaves nothing later', () => {
    run('1', 30)
    outcomes.close()
    expect([outcomes.keyCount, outcomes.keptBytes, clock.pendingCount]).to.deep.equal([0, 0, 0])
  })
})
