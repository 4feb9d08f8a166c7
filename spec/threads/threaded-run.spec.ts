// A run in a thread as its server sees it, with a thread that the spec plays, in virtual time.
import type { MessagePort } from 'node:worker_threads'
import { expect } from 'chai'
import type { Context } from '../../lib/core/action/context.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'
import type { ThreadResult } from '../../lib/features/threads/thread-messages.ts'
import type { ThreadPool, ThreadUse } from '../../lib/features/threads/thread-pool.ts'
import { runInThread } from '../../lib/features/threads/threaded-run.ts'
import { BusyError, CancelledError } from '../../lib/index.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

describe('A run in a thread that was told to end', () => {
  let clock: VirtualClock
  let use: ThreadUse
  let port: MessagePort
  let abort: AbortController
  let failure: Promise<Error>
  let answer: (result: ThreadResult) => void
  let emit: () => Promise<void>
  let waitingCount: number
  const cancelled = new CancelledError('enough')

  beforeEach(async () => {
    clock = new VirtualClock()
    abort = new AbortController()
    emit = async () => undefined
    waitingCount = 1
    const pool = {
      get waitingCount() {
        return waitingCount
      },
      whenFree: <T>(_signal: AbortSignal, work: () => Promise<T>) => work(),
      run: (given: ThreadUse) => {
        use = given
        return new Promise((resolve, reject) => {
          answer = resolve
          given.kill.addEventListener('abort', () => reject(given.kill.reason))
        })
      },
    } as unknown as ThreadPool
    const context = {
      signal: abort.signal,
      session: {},
      remainingMs: 1,
      emit: () => emit(),
    } as unknown as Context<unknown>
    const action = { module: 'file:///none.ts', className: 'Held', name: 'Held', limits: defaultValueLimits }
    const codec = new StandardCodec(new ClassRegistry())
    const run = runInThread(action, undefined, context, {
      pool,
      codec,
      clock,
      maxStallMs: 1_000,
      holdersOf: () => undefined,
    })
    failure = failureOf(run)
    await waitFor(() => use !== undefined)
    port = use.task.port
  })

  afterEach(async () => {
    port.close()
    await clock.advance(20_000)
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  const begin = async () => {
    port.postMessage({ kind: 'begun' })
    // An answered item says that what was sent before has come.
    port.postMessage({ kind: 'item', item: undefined })
    await new Promise((resolve) => port.once('message', resolve))
  }

  const expectKilled = async () => {
    expect(use.kill.aborted).to.equal(true)
    expect(await failure).to.equal(cancelled)
  }

  it('has time to drop a call that has not begun', async () => {
    abort.abort(cancelled)
    await clock.advance(9_999)
    expect(use.kill.aborted).to.equal(false)
    await clock.advance(1)
    await expectKilled()
  })

  it('has a short time when it has begun', async () => {
    await begin()
    abort.abort(cancelled)
    await clock.advance(249)
    expect(use.kill.aborted).to.equal(false)
    await clock.advance(1)
    await expectKilled()
  })

  it('has no more where it began before it had heard of that', async () => {
    abort.abort(cancelled)
    await new Promise((resolve) => port.once('message', resolve))
    await begin()
    await clock.advance(250)
    await expectKilled()
  })

  for (const answered of [true, false]) {
    it(`fails for its reader, ${answered ? 'whatever its handler made of that' : 'or is ended with its thread'}`, async () => {
      emit = () => new Promise(() => undefined)
      port.postMessage({ kind: 'begun' })
      port.postMessage({ kind: 'item', item: undefined })
      await waitFor(() => clock.pendingCount > 0)
      const told = new Promise<{ kind: string }>((resolve) => port.once('message', resolve))
      await clock.advance(1_100)
      expect((await told).kind).to.equal('abort')
      if (answered) answer({ ok: true, value: undefined })
      else await clock.advance(250)
      expect(await failure).to.be.instanceOf(BusyError)
    })
  }

  it('waits for its reader while nobody else wants a thread', async () => {
    waitingCount = 0
    let taken: () => void = () => undefined
    emit = () =>
      new Promise((resolve) => {
        taken = resolve
      })
    port.postMessage({ kind: 'begun' })
    port.postMessage({ kind: 'item', item: undefined })
    await waitFor(() => clock.pendingCount > 0)
    const told = new Promise<{ kind: string }>((resolve) => port.once('message', resolve))
    await clock.advance(60_000)
    expect(use.kill.aborted).to.equal(false)
    waitingCount = 1
    await clock.advance(1_000)
    expect((await told).kind).to.equal('abort')
    taken()
    answer({ ok: true, value: undefined })
    expect(await failure).to.be.instanceOf(BusyError)
  })
})
