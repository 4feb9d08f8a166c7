// Calls with an idempotency key: one of each key runs at a time, and a run at another server is waited for.
import { expect } from 'chai'
import type { Clock, Timer } from '../../../lib/core/base/clock.ts'
import type { CallKey, FoundKey, KeyRows } from '../../../lib/features/data/durable/key-rows.ts'
import { KeyedCalls, type KeyTurn } from '../../../lib/features/data/durable/keyed-calls.ts'
import { failureOf } from '../../setup/world.ts'

/** What is found of a key: `found` first, then nothing. */
class FakeRows {
  readonly asked: number[] = []
  readonly found: (FoundKey | Error | undefined)[] = []

  async find(_key: CallKey, seq: number): Promise<FoundKey | undefined> {
    this.asked.push(seq)
    const next = this.found.shift()
    if (next instanceof Error) throw next
    return next
  }
}

/** Each wait is over at once, and noted. */
class HastyClock implements Clock {
  readonly waits: number[] = []
  onWait: () => void = () => undefined

  now(): number {
    return 0
  }

  setTimer(run: () => void, delayMs: number): Timer {
    this.waits.push(delayMs)
    queueMicrotask(run)
    this.onWait()
    return { cancel: () => undefined, keepProcessAlive: () => undefined }
  }
}

const keyOf = (digit: number): CallKey => ({ hash: new Uint8Array([digit]), fingerprint: new Uint8Array(1) })
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('Calls with a key', () => {
  let rows: FakeRows
  let clock: HastyClock
  let calls: KeyedCalls
  const { signal } = new AbortController()

  beforeEach(() => {
    rows = new FakeRows()
    clock = new HastyClock()
    calls = new KeyedCalls(rows as unknown as KeyRows, clock)
  })

  const enter = (seq: number, digit = 1, aborts = signal) => calls.enter(keyOf(digit), seq, aborts)
  const turn = async (seq: number, digit = 1): Promise<KeyTurn> => (await enter(seq, digit)) as KeyTurn

  it('know their rows', () => {
    expect(calls.rows).to.equal(rows)
  })

  it('have the turn if nothing is recorded', async () => {
    const key = keyOf(1)
    const { key: own, release } = (await calls.enter(key, 5, signal)) as KeyTurn
    expect(own).to.equal(key)
    expect(release).to.be.a('function')
    expect(rows.asked).to.deep.equal([5])
    expect(clock.waits).to.deep.equal([])
  })

  it('get what is recorded, and leave the turn to the next', async () => {
    rows.found.push('reused', 'cut')
    expect(await enter(1)).to.equal('reused')
    expect(await enter(2)).to.equal('cut')
    expect(await enter(3)).to.have.property('release')
  })

  it('wait for one that runs with the same key, one after another', async () => {
    const first = await turn(1)
    const entered: number[] = []
    const enters = [2, 3].map(async (seq) => {
      const own = await turn(seq)
      entered.push(seq)
      return own
    })
    await settled()
    expect(rows.asked).to.deep.equal([1])
    first.release()
    await settled()
    expect(entered).to.deep.equal([2])
    // That of a run that is over releases nobody else.
    first.release()
    await settled()
    expect(entered).to.deep.equal([2])
    const third = turn(4)
    await settled()
    expect(rows.asked).to.deep.equal([1, 2])
    ;(await enters[0])?.release()
    await settled()
    expect(entered).to.deep.equal([2, 3])
    ;(await enters[1])?.release()
    ;(await third).release()
    expect(rows.asked).to.deep.equal([1, 2, 3, 4])
  })

  it('do not wait for those with other keys', async () => {
    await turn(1, 1)
    await turn(2, 2)
    expect(rows.asked).to.deep.equal([1, 2])
  })

  it('do not wait any more when their signal aborts', async () => {
    const first = await turn(1)
    const stop = new AbortController()
    const waiting = failureOf(enter(2, 1, stop.signal))
    await settled()
    stop.abort(new Error('stopped'))
    expect((await waiting).message).to.equal('stopped')
    first.release()
    await turn(3)
    expect(rows.asked).to.deep.equal([1, 3])
  })

  it('ask nothing if their signal has aborted, and leave the turn to the next', async () => {
    const stopped = AbortSignal.abort(new Error('stopped'))
    expect((await failureOf(enter(1, 1, stopped))).message).to.equal('stopped')
    expect(rows.asked).to.deep.equal([])
    await turn(2)
    expect(rows.asked).to.deep.equal([2])
  })

  it('leave the turn to the next if the store is away', async () => {
    rows.found.push(new Error('away'))
    expect((await failureOf(enter(1))).message).to.equal('away')
    expect(await enter(2)).to.have.property('release')
  })

  it('look for a run at another server more and more seldom, at least each second', async () => {
    rows.found.push(...Array.from({ length: 7 }, () => 'running' as const), 'cut')
    expect(await enter(1)).to.equal('cut')
    expect(clock.waits).to.deep.equal([50, 100, 200, 400, 800, 1_000, 1_000])
    expect(rows.asked).to.have.length(8)
  })

  it('look for it no more when their signal aborts', async () => {
    const stop = new AbortController()
    rows.found.push('running', 'running', 'running')
    clock.onWait = () => {
      if (clock.waits.length === 2) stop.abort(new Error('stopped'))
    }
    expect((await failureOf(enter(1, 1, stop.signal))).message).to.equal('stopped')
    expect(rows.asked).to.have.length(2)
    rows.found.length = 0
    await turn(2)
  })
})
