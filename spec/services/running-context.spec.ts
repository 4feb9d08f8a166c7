// The context of one run of a service: what it is of the call behind it, and how long it waits for a client to take responses.
import { expect } from 'chai'
import type { Context } from '../../lib/core/action/context.ts'
import { BusyError, ServerError } from '../../lib/core/base/errors.ts'
import { RunningContext } from '../../lib/features/services/running-context.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

const patienceMs = 10_000

describe('The context of a run of a service', () => {
  let clock: VirtualClock
  let call: AbortController
  let emitted: unknown[]
  let untaken: { take(): void; fail(error: unknown): void }[]
  let warned: string[]
  let context: RunningContext

  const given = {
    callId: 7,
    actionName: 'isock.services.exec',
    session: { id: 's' },
    server: { name: 'server' },
    client: { name: 'client' },
    remainingMs: 500,
    attempt: 2,
  }

  beforeEach(() => {
    clock = new VirtualClock()
    call = new AbortController()
    emitted = []
    untaken = []
    warned = []
    context = contextOf()
  })

  afterEach(async () => {
    for (const each of untaken) each.take()
    await settle()
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  function contextOf(detached?: AbortSignal): RunningContext {
    const emit = (value: unknown): Promise<void> => {
      emitted.push(value)
      return new Promise((resolve, reject) => untaken.push({ take: resolve, fail: reject }))
    }
    const log = { warn: ({ error }: { error: Error }, what: string) => warned.push(`${what}: ${error.message}`) }
    const behind = { ...given, signal: call.signal, emit, log } as unknown as Context<unknown>
    return new RunningContext(behind, 'service "Counter": exec', clock, { detached })
  }

  /** Takes the oldest that waits. */
  const take = (): void => untaken.shift()?.take()
  const state = async (promise: Promise<unknown>): Promise<string> => {
    const pending = settle().then(() => 'waits')
    return Promise.race([
      promise.then(
        () => 'is done',
        (error: Error) => `fails: ${error.message}`,
      ),
      pending,
    ])
  }

  it('is that of the call', () => {
    const seen = context as unknown as Record<string, unknown>
    for (const [name, value] of Object.entries(given)) expect(seen[name], name).to.equal(value)
    expect(context.signal).to.equal(call.signal)
    expect(context.emit).to.equal(context.respond)
  })

  it('has less time left as time passes', async () => {
    await clock.advance(200)
    expect(context.remainingMs).to.equal(300)
    const before = Date.now()
    expect(context.deadline?.getTime()).to.be.within(before + 300, Date.now() + 300)
    await clock.advance(400)
    expect(context.remainingMs).to.equal(0)
  })

  it('has neither the end nor the deadline of a call whose client has its receipt', () => {
    const { signal } = new AbortController()
    const detached = contextOf(signal)
    expect([detached.signal, detached.deadline, detached.remainingMs]).to.deep.equal([
      signal,
      undefined,
      Number.POSITIVE_INFINITY,
    ])
  })

  it('has no db, and says why', () => {
    expect(() => context.db)
      .to.throw(ServerError, 'a service has no context.db')
      .with.property('code', 'INVALID_USAGE')
  })

  it('settles a response when it is taken', async () => {
    const responding = context.respond('a')
    expect(emitted).to.deep.equal(['a'])
    expect(await state(responding)).to.equal('waits')
    take()
    expect(await state(responding)).to.equal('is done')
    expect(context.loss()).to.equal(undefined)
  })

  it('waits for 10 s in all for a client that takes nothing, and sends nothing more afterwards', async () => {
    const responding = context.respond('a')
    await clock.advance(patienceMs - 1)
    expect(await state(responding)).to.equal('waits')
    await clock.advance(1)
    expect(await state(responding)).to.equal('is done')
    expect(await state(context.respond('b'))).to.equal('is done')
    expect(emitted).to.deep.equal(['a'])
    const loss = context.loss() as BusyError
    expect(loss).to.be.instanceOf(BusyError)
    expect([loss.notStarted, loss.message]).to.deep.equal([
      false,
      'service "Counter": exec ran, but its client did not take the responses within 10000 ms',
    ])
  })

  it('counts all waits of a run together, and gives back 100 ms for each response that is taken', async () => {
    for (let i = 0; i < 2; i++) {
      const responding = context.respond(i)
      await clock.advance(4_000)
      take()
      await responding
    }
    // 10 000 - 4 000 + 100 - 4 000 + 100 are left.
    const last = context.respond('last')
    await clock.advance(2_199)
    expect(await state(last)).to.equal('waits')
    await clock.advance(1)
    expect(await state(last)).to.equal('is done')
    expect(context.loss()).to.not.equal(undefined)
  })

  it('never has more patience than 10 s', async () => {
    for (let i = 0; i < 5; i++) {
      const responding = context.respond(i)
      take()
      await responding
    }
    const last = context.respond('last')
    await clock.advance(patienceMs)
    expect(context.loss()).to.not.equal(undefined)
    await last
  })

  it('does not count the time between two responses', async () => {
    const first = context.respond('a')
    await clock.advance(1_000)
    take()
    await first
    await clock.advance(50_000)
    const second = context.respond('b')
    await clock.advance(9_099)
    expect(context.loss()).to.equal(undefined)
    await clock.advance(1)
    expect(context.loss()).to.not.equal(undefined)
    await second
  })

  it('counts the time once in which several wait, and waits longer for those behind one that was taken', async () => {
    const [first, second] = [context.respond('a'), context.respond('b')]
    await clock.advance(6_000)
    take()
    await first
    // 4 100 are left, from now on.
    await clock.advance(4_099)
    expect([await state(second), context.loss()]).to.deep.equal(['waits', undefined])
    await clock.advance(1)
    expect(await state(second)).to.equal('is done')
    expect(context.loss()).to.not.equal(undefined)
  })

  it('waits to the last millisecond for those behind one that was taken', async () => {
    const [first, second] = [context.respond('a'), context.respond('b')]
    await clock.advance(1)
    take()
    await first
    // 10 000 are left from now on, of which the second has waited for 9 999 when its own patience is over.
    await clock.advance(patienceMs - 1)
    expect([await state(second), context.loss()]).to.deep.equal(['waits', undefined])
    await clock.advance(1)
    expect(await state(second)).to.equal('is done')
    expect(context.loss()).to.not.equal(undefined)
  })

  it('sends nothing for a client that has its receipt', async () => {
    await contextOf(new AbortController().signal).respond('a')
    expect(emitted).to.deep.equal([])
  })

  it('rejects with why a response could not be sent, and logs it, as nobody may listen', async () => {
    const responding = context.respond('a')
    untaken.shift()?.fail(new Error('unsendable'))
    expect(await state(responding)).to.equal('fails: unsendable')
    expect(warned).to.deep.equal(['a response could not be sent: unsendable'])
  })

  it('does not fail because its client has gone', async () => {
    const responding = context.respond('a')
    call.abort()
    untaken.shift()?.fail(new Error('gone'))
    expect(await state(responding)).to.equal('is done')
  })

  it('does not fail when what it gave up is refused at last', async () => {
    const responding = context.respond('a')
    await clock.advance(patienceMs)
    await responding
    untaken.shift()?.fail(new Error('gone'))
    await settle()
    expect(warned).to.deep.equal([])
  })

  it('responds no longer when the method has ended', async () => {
    context.close()
    const refusal = (await context.respond('a').catch((error: unknown) => error)) as ServerError
    expect([refusal.code, refusal.message]).to.deep.equal([
      'INVALID_USAGE',
      'service "Counter": exec has ended, so it cannot respond; await all work before it returns',
    ])
    expect(emitted).to.deep.equal([])
  })
})
