// Runs whose callers gave up: when they lose their places, and how many may be counted without one.
import { expect } from 'chai'
import { CancelledError, type IsockError } from '../../lib/core/base/errors.ts'
import { AbandonedCalls } from '../../lib/core/session/abandoned-calls.ts'
import type { IncomingCall } from '../../lib/core/session/incoming-call.ts'
import type { RunLoad } from '../../lib/core/session/run-load.ts'
import type { FailureFrame } from '../../lib/core/wire/frames/frame.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

/** A run as this sees it, whose handler ends when the spec says so. */
class Run {
  readonly seq: number
  readonly items: { readonly count: number; isCutOff: boolean; cutOff(): void } | undefined
  abortReason: IsockError | undefined
  answer: FailureFrame | undefined
  end: () => void = () => undefined

  constructor(seq: number, itemCount?: number) {
    this.seq = seq
    this.items =
      itemCount === undefined
        ? undefined
        : {
            count: itemCount,
            isCutOff: false,
            cutOff() {
              this.isCutOff = true
            },
          }
  }

  abort(reason: IsockError): void {
    this.abortReason = reason
  }

  abandon(answer: FailureFrame, whenEnded: () => void): void {
    this.answer = answer
    this.end = whenEnded
  }
}

describe('AbandonedCalls', () => {
  const graceMs = 100
  const gaveUp = new CancelledError('the caller gave up')
  let clock: VirtualClock
  let calls: AbandonedCalls
  let ended: unknown[]

  beforeEach(() => {
    clock = new VirtualClock()
    ended = []
    const limits = { cancelGraceMs: graceMs, maxCallsInFlight: 2 }
    const load = { answered: (call: unknown) => void ended.push(call) } as unknown as RunLoad
    calls = new AbandonedCalls({ clock, limits, callee: { encodeError: ({ message }) => message } }, load)
  })

  const giveUp = (run: Run, reason = gaveUp): void => calls.giveUp(run as unknown as IncomingCall, reason)
  const hasPlace = (run: Run): boolean => run.answer === undefined

  it('aborts a run immediately, and cuts off its items', () => {
    const run = new Run(1, 3)
    giveUp(run)
    expect(run.abortReason).to.equal(gaveUp)
    expect(run.items?.isCutOff).to.equal(true)
  })

  it('gives its place to others when its grace is over, with the failure that the caller gets', async () => {
    const [run, stream] = [new Run(1), new Run(2, 3)]
    giveUp(run)
    giveUp(stream)
    await clock.advance(graceMs - 1)
    expect([run, stream].map(hasPlace)).to.deep.equal([true, true])
    await clock.advance(1)
    const failure = { notStarted: false, error: 'the caller gave up' }
    expect(run.answer).to.deep.include({ seq: 1, items: 0, ...failure })
    expect(stream.answer).to.deep.include({ seq: 2, items: 3, ...failure })
    expect(ended, 'counted until its handler ends').to.deep.equal([])
    run.end()
    expect(ended).to.deep.equal([run])
  })

  it('costs nothing when it is given up again: the grace and the reason are those of the first time', async () => {
    const run = new Run(1)
    giveUp(run)
    await clock.advance(graceMs - 1)
    giveUp(run, new CancelledError('once more'))
    expect(run.abortReason).to.equal(gaveUp)
    await clock.advance(1)
    expect(hasPlace(run)).to.equal(false)
  })

  it('gives each its own grace', async () => {
    const [first, second] = [new Run(1), new Run(2)]
    giveUp(first)
    await clock.advance(30)
    giveUp(second)
    await clock.advance(70)
    expect([first, second].map(hasPlace)).to.deep.equal([false, true])
    await clock.advance(29)
    expect(hasPlace(second)).to.equal(true)
    await clock.advance(1)
    expect(hasPlace(second)).to.equal(false)
  })

  it('leaves one alone that was answered within its grace', async () => {
    const run = new Run(1)
    giveUp(run)
    calls.answered(run as unknown as IncomingCall)
    await clock.advance(graceMs)
    expect(hasPlace(run)).to.equal(true)
  })

  it('lets no more run without a place than there are places: the next one waits until a handler ends', async () => {
    const runs = [new Run(1), new Run(2), new Run(3), new Run(4)] as const
    for (const run of runs) giveUp(run)
    await clock.advance(10 * graceMs)
    expect(runs.map(hasPlace)).to.deep.equal([false, false, true, true])
    runs[1].end()
    await clock.advance(0)
    expect(runs.map(hasPlace)).to.deep.equal([false, false, false, true])
    runs[0].end()
    await clock.advance(0)
    expect(runs.map(hasPlace)).to.deep.equal([false, false, false, false])
    runs[2].end()
    runs[3].end()
    expect(ended).to.deep.equal([runs[1], runs[0], runs[2], runs[3]])
  })

  it('sets no timer when a handler ends and nobody waits for a place', async () => {
    const run = new Run(1)
    giveUp(run)
    await clock.advance(graceMs)
    run.end()
    expect(clock.pendingCount).to.equal(0)
  })

  it('does nothing more once it is closed, also when a handler ends', async () => {
    const runs = [new Run(1), new Run(2), new Run(3)] as const
    for (const run of runs) giveUp(run)
    await clock.advance(graceMs)
    calls.close()
    runs[0].end()
    await clock.advance(graceMs)
    expect(hasPlace(runs[2])).to.equal(true)
    expect(clock.pendingCount).to.equal(0)
  })

  it('forgets at its close whose grace is not over', async () => {
    const run = new Run(1)
    giveUp(run)
    calls.close()
    expect(clock.pendingCount).to.equal(0)
    giveUp(run)
    expect(run.abortReason).to.equal(gaveUp)
    await clock.advance(graceMs)
    expect(hasPlace(run)).to.equal(true)
  })
})
