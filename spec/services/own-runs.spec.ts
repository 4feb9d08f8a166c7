// Runs that no client's call ends: their signals, and the context of those that the server's own program asks for.
import { expect } from 'chai'
import type { ServerView } from '../../lib/core/action/context.ts'
import { ServerError } from '../../lib/core/base/errors.ts'
import type { Logger } from '../../lib/core/base/log.ts'
import { OwnContext } from '../../lib/features/services/own-context.ts'
import { OwnRuns } from '../../lib/features/services/own-runs.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

describe('OwnRuns', () => {
  let clock: VirtualClock
  let runs: OwnRuns

  beforeEach(() => {
    clock = new VirtualClock()
    runs = new OwnRuns(clock)
  })

  it('aborts a run with its parent, until it is detached or has ended', () => {
    const parent = new AbortController()
    const [attached, detached, ended] = [
      runs.begin(parent.signal),
      runs.begin(parent.signal),
      runs.begin(parent.signal),
    ]
    detached.detach()
    ended.end()
    parent.abort('gone')
    expect([attached, detached, ended].map(({ signal }) => signal.reason)).to.deep.equal(['gone', undefined, undefined])
  })

  it('aborts a run with each of several parents', () => {
    const [caller, reader] = [new AbortController(), new AbortController()]
    const runsOfBoth = [runs.begin(caller.signal, undefined), runs.begin(undefined, reader.signal)]
    caller.abort('cancelled')
    reader.abort('left')
    expect(runsOfBoth.map(({ signal }) => signal.reason)).to.deep.equal(['cancelled', 'left'])
  })

  it('aborts a run that is asked to, with the reason', () => {
    const run = runs.begin(undefined)
    expect(run.signal.aborted).to.equal(false)
    run.abort('enough')
    expect(run.signal.reason).to.equal('enough')
  })

  it('aborts a run that takes too long, with the reason of that time', async () => {
    const run = runs.begin(undefined)
    run.endWithin(100, () => `late at ${clock.now()}`)
    await clock.advance(99)
    expect(run.signal.aborted).to.equal(false)
    await clock.advance(1)
    expect(run.signal.reason).to.equal('late at 1100')
  })

  it('needs no time for a run that has ended', () => {
    const run = runs.begin(undefined)
    run.endWithin(100, () => 'late')
    run.end()
    expect(clock.pendingCount).to.equal(0)
  })

  it('aborts all that run with the server, and none that has ended', () => {
    const [running, ended] = [runs.begin(undefined), runs.begin(undefined)]
    ended.end()
    runs.abortAll('the server ends')
    expect([running, ended].map(({ signal }) => signal.reason)).to.deep.equal(['the server ends', undefined])
  })
})

describe('The context of a run that the server itself asks for', () => {
  const clock = new VirtualClock()
  const published: unknown[][] = []
  const server = {
    publish: (...given: unknown[]) => {
      published.push(given)
      return Promise.resolve()
    },
  } as unknown as ServerView
  const log = {} as Logger
  const { signal } = new AbortController()
  const emit = async (): Promise<void> => undefined
  const contextUntil = (deadlineAtMs: number): OwnContext =>
    new OwnContext({ actionName: 'isock.services.exec', server, log, clock, signal, deadlineAtMs, emit })

  it('has what the server has, and neither a client nor its session', () => {
    const context = contextUntil(Number.POSITIVE_INFINITY)
    expect([context.actionName, context.callId, context.attempt]).to.deep.equal(['isock.services.exec', 0, 1])
    expect([context.server, context.log, context.signal, context.emit]).to.deep.equal([server, log, signal, emit])
    expect(context.db).to.equal(undefined)
    for (const what of ['session', 'client'] as const)
      expect(() => context[what])
        .to.throw(ServerError, `context.${what}: the server itself started this run`)
        .with.property('code', 'INVALID_USAGE')
  })

  it('publishes as the server does', async () => {
    await contextUntil(0).publish('News' as never, 'it works', { key: 'a' })
    expect(published).to.deep.equal([['News', 'it works', { key: 'a' }]])
  })

  it('has a deadline where there is one, and no less than no time left', async () => {
    const context = contextUntil(clock.now() + 60_000)
    expect(context.remainingMs).to.equal(60_000)
    const before = Date.now()
    expect(context.deadline?.getTime()).to.be.within(before + 60_000, Date.now() + 60_000)
    await clock.advance(60_001)
    expect(context.remainingMs).to.equal(0)
    expect(contextUntil(Number.POSITIVE_INFINITY).deadline).to.equal(undefined)
    expect(contextUntil(Number.POSITIVE_INFINITY).remainingMs).to.equal(Number.POSITIVE_INFINITY)
  })
})
