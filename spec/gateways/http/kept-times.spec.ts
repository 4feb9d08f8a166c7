// The outcomes that are kept for Idempotency-Keys, in virtual time: how large, how long, and that nothing is left of them.
import { expect } from 'chai'
import { Accounting } from '../../../lib/core/accounting/accounting.ts'
import type { Answer } from '../../../lib/gateways/answer.ts'
import type { HttpError } from '../../../lib/gateways/http/error-answer.ts'
import { type Begun, IdempotencyStore } from '../../../lib/gateways/http/idempotency-store.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'

const keepMs = 10_000

describe('The outcomes kept for Idempotency-Keys', () => {
  let clock: VirtualClock
  let accounting: Accounting
  let outcomes: IdempotencyStore

  beforeEach(() => {
    clock = new VirtualClock()
    accounting = new Accounting({ maxHeldBytes: 2 ** 30, isShared: () => false })
    outcomes = new IdempotencyStore({ keepMs, maxKeys: 8, maxKeptBytes: 200 }, accounting, clock)
  })

  afterEach(() => {
    outcomes.close()
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  /** Of this many bytes. */
  const answerOf = (bytes: number): Answer => ({ status: 200, headers: {}, body: new Uint8Array(bytes) })
  const begin = (key: string, identity = 'ada', fingerprint = 'body', action = 'Pay') =>
    outcomes.begin({ identity, action, key }, { address: `of ${identity}`, identity }, fingerprint)
  const settle = (begun: Begun, bytes: number, fate: 'keep' | 'drop' = 'keep') => {
    if (!begun.isFirst) throw new Error('it ran before')
    begun.settle(answerOf(bytes), fate)
  }
  const run = (key: string, bytes = 10, identity = 'ada') => settle(begin(key, identity), bytes)
  const sizeOf = async (begun: Begun) =>
    begun.isFirst ? undefined : ((await begun.answer).body as Uint8Array).byteLength
  const refusalOf = (act: () => unknown): HttpError => {
    try {
      act()
    } catch (error) {
      return error as HttpError
    }
    throw new Error('it was not refused')
  }

  it('are there for who comes again, and gone when their time is over, with all that they took', async () => {
    run('1', 30)
    await clock.advance(1)
    run('2', 20)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([2, 50])
    expect(await sizeOf(begin('1'))).to.equal(30)
    await clock.advance(keepMs - 2)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([2, 50])
    await clock.advance(1)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([1, 20])
    await clock.advance(1)
    expect([outcomes.keyCount, outcomes.keptBytes, clock.pendingCount]).to.deep.equal([0, 0, 0])
    expect(accounting.heldBytes).to.equal(0)
    expect(begin('1').isFirst).to.equal(true)
  })

  it('are joined while they run, however long', async () => {
    const first = begin('1')
    const joined = begin('1')
    await clock.advance(10 * keepMs)
    expect(outcomes.keyCount).to.equal(1)
    settle(first, 7)
    expect(await sizeOf(joined)).to.equal(7)
    await clock.advance(keepMs - 1)
    expect(begin('1').isFirst).to.equal(false)
  })

  it('are no more where nothing ran, and leave nothing; who joined it is told all the same', async () => {
    const first = begin('1')
    const joined = begin('1')
    settle(first, 7, 'drop')
    expect(await sizeOf(joined)).to.equal(7)
    expect([outcomes.keyCount, outcomes.keptBytes, clock.pendingCount]).to.deep.equal([0, 0, 0])
    expect(accounting.heldBytes).to.equal(0)
  })

  it('go from the oldest where they are too large together, and do not run again', async () => {
    run('1', 80)
    run('2', 60)
    expect(outcomes.keptBytes).to.equal(140)
    expect(begin('1').isFirst).to.equal(false)
    run('3', 70, 'eve')
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([2, 130])
    expect(refusalOf(() => begin('1'))).to.include({ status: 409, code: 'OUTCOME_UNKNOWN' })
    expect([begin('2').isFirst, begin('3', 'eve').isFirst]).to.deep.equal([false, false])
    await clock.advance(keepMs)
    expect([outcomes.keyCount, outcomes.keptBytes, accounting.heldBytes]).to.deep.equal([0, 0, 0])
  })

  it('may be as large as all together may be; one that is larger leaves nothing but that it may have run', () => {
    run('1', 200)
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([1, 200])
    run('1', 201, 'eve')
    expect([outcomes.keyCount, outcomes.keptBytes]).to.deep.equal([1, 200])
    expect(refusalOf(() => begin('1', 'eve'))).to.include({ status: 409, code: 'OUTCOME_UNKNOWN' })
    expect(refusalOf(() => begin('1', 'eve', 'another body'))).to.include({ status: 409 })
  })

  it('are of one body: another one with the same key is refused, while the first runs and when it has ended', () => {
    const first = begin('1')
    const refused = { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' }
    expect(refusalOf(() => begin('1', 'ada', 'another body'))).to.include(refused)
    settle(first, 10)
    expect(refusalOf(() => begin('1', 'ada', 'another body'))).to.include(refused)
    expect(begin('1').isFirst).to.equal(false)
  })

  it('are of one action, one identity and one key each', () => {
    run('1')
    expect(begin('1', 'eve').isFirst).to.equal(true)
    expect(begin('2').isFirst).to.equal(true)
    expect(begin('1', 'ada', 'body', 'Refund').isFirst).to.equal(true)
  })

  it('go when the gateway closes, and what runs then leaves nothing when it ends', async () => {
    run('1', 30)
    const running = begin('2')
    const joined = begin('2')
    outcomes.close()
    settle(running, 7)
    expect(joined.isFirst ? undefined : ((await joined.answer).body as Uint8Array).length).to.equal(7)
    const left = [outcomes.keyCount, outcomes.keptBytes, accounting.heldBytes, clock.pendingCount]
    expect(left).to.deep.equal([0, 0, 0, 0])
  })
})
