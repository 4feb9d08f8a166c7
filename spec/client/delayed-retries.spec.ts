// Calls that were refused before they started: in which order they are tried again, when, and when that is given up.
import { expect } from 'chai'
import type { PendingCall } from '../../lib/core/action/pending-call.ts'
import { BusyError, ClientError, DeadlineError, type IsockError } from '../../lib/core/base/errors.ts'
import { DelayedRetries, maxBusyMs } from '../../lib/core/client/delayed-retries.ts'
import type { OutgoingCall } from '../../lib/core/session/outgoing-call.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

interface Call {
  readonly request: { readonly addressee: string; readonly order: number }
  deadlineAtMs: number
  timeoutMs: number
  isOpen: boolean
  state: string
  lastFault?: IsockError
  outcome?: { how: string; error: Error }
  onSettled(outcome: { how: string; error: Error }): void
}

describe('DelayedRetries', () => {
  const forever = Number.POSITIVE_INFINITY
  const busy = new BusyError('the server is busy')
  let clock: VirtualClock
  let submitted: string[]
  let refuses: (name: string) => boolean
  let retries: DelayedRetries
  let names: Map<unknown, string>
  let nextOrder: number

  beforeEach(() => {
    clock = new VirtualClock()
    submitted = []
    refuses = () => false
    names = new Map()
    nextOrder = 0
    retries = retriesWith(100)
  })

  afterEach(() => {
    retries.close(new ClientError('closed', { code: 'CLOSED' }))
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  function retriesWith(maxCount: number): DelayedRetries {
    const submit = (call: OutgoingCall): void => {
      const name = names.get(call) as string
      submitted.push(name)
      if (refuses(name)) retries.add(call as PendingCall, busy)
    }
    // Each wait is 10 ms, 20 ms, 40 ms and so on.
    return new DelayedRetries({ clock, random: () => 1, backoff: { minMs: 10, maxMs: 1_000 }, maxCount, submit })
  }

  function callOf(name: string, addressee = 'a', deadlineAtMs = forever): Call & PendingCall {
    const call: Call = {
      request: { addressee, order: nextOrder++ },
      deadlineAtMs,
      timeoutMs: 0,
      isOpen: true,
      state: 'waiting',
      onSettled(outcome) {
        this.outcome = outcome
      },
    }
    names.set(call, name)
    return call as Call & PendingCall
  }

  function add(name: string, addressee?: string, deadlineAtMs?: number): Call & PendingCall {
    const call = callOf(name, addressee, deadlineAtMs)
    retries.add(call, busy)
    return call
  }

  const taken = (): string[] => submitted.splice(0)

  it('tries a refused call again after its wait, and keeps why it waits', async () => {
    const call = add('one')
    expect(call.lastFault).to.equal(busy)
    expect(retries.all).to.deep.equal([call])
    await clock.advance(9)
    expect(taken()).to.deep.equal([])
    await clock.advance(1)
    expect(taken()).to.deep.equal(['one'])
    expect(retries.all).to.deep.equal([])
    expect(call.outcome).to.equal(undefined)
  })

  it('tries them in the order in which they were made, with one wait for each addressee', async () => {
    const [first, second] = [callOf('first'), callOf('second')]
    retries.add(second, busy)
    await clock.advance(5)
    retries.add(first, busy)
    add('to another', 'b')
    await clock.advance(5)
    expect(taken()).to.deep.equal(['first', 'second'])
    await clock.advance(5)
    expect(taken()).to.deep.equal(['to another'])
  })

  it('waits longer where the first one is refused again, up to its bound', async () => {
    refuses = () => true
    add('one')
    const startedAtMs = clock.now()
    const atMs: number[] = []
    while (atMs.length < 9) {
      await clock.advance(1)
      if (taken().length > 0) atMs.push(clock.now() - startedAtMs)
    }
    expect(atMs).to.deep.equal([10, 30, 70, 150, 310, 630, 1270, 2270, 3270])
  })

  it('waits a short time again where the first one was taken and another one is refused', async () => {
    refuses = () => true
    add('one')
    add('two')
    await clock.advance(10)
    await clock.advance(20)
    expect(taken()).to.deep.equal(['one', 'two', 'one', 'two'])
    refuses = (name) => name === 'two'
    await clock.advance(40)
    expect(taken()).to.deep.equal(['one', 'two'])
    await clock.advance(9)
    expect(taken()).to.deep.equal([])
    await clock.advance(1)
    expect(taken()).to.deep.equal(['two'])
  })

  it('judges by the first refusal after a release only', async () => {
    refuses = () => true
    for (const name of ['one', 'two', 'three']) add(name)
    await clock.advance(10)
    expect(taken()).to.have.length(3)
    await clock.advance(19)
    expect(taken()).to.deep.equal([])
    await clock.advance(1)
    expect(taken()).to.have.length(3)
  })

  it('submits 64 together at first, and twice as many each time that none is refused', async () => {
    retries = retriesWith(1_000)
    for (let i = 0; i < 300; i++) add(`${i}`)
    const counts: number[] = []
    for (let i = 0; i < 3; i++) {
      await clock.advance(10)
      counts.push(taken().length)
    }
    expect(counts).to.deep.equal([64, 128, 108])
  })

  it('submits 64 together again after a refusal', async () => {
    retries = retriesWith(1_000)
    for (let i = 0; i < 300; i++) add(`${i}`)
    await clock.advance(10)
    taken()
    refuses = (name) => name === '64'
    await clock.advance(10)
    expect(taken()).to.have.length(128)
    refuses = () => false
    await clock.advance(20)
    expect(taken()).to.have.length(64)
  })

  it('keeps new calls behind those that wait for the same addressee', async () => {
    const [free, behind] = [callOf('free'), callOf('behind')]
    expect(retries.queueBehind(free)).to.equal(false)
    add('waits')
    expect(retries.queueBehind(callOf('to another', 'b'))).to.equal(false)
    const late = callOf('late')
    expect(retries.queueBehind(late)).to.equal(true)
    expect(retries.queueBehind(behind)).to.equal(true)
    await clock.advance(10)
    expect(taken()).to.deep.equal(['behind', 'waits', 'late'])
    expect(retries.queueBehind(callOf('after all'))).to.equal(false)
  })

  it('settles new calls that find no room', () => {
    retries = retriesWith(2)
    expect(retries.hasRoom).to.equal(true)
    add('one')
    expect(retries.hasRoom).to.equal(true)
    add('two')
    expect(retries.hasRoom).to.equal(false)
    const third = callOf('three')
    expect(retries.queueBehind(third)).to.equal(true)
    expect(third.outcome?.how).to.equal('error')
    expect(third.outcome?.error).to.be.instanceOf(ClientError)
    expect(third.state).to.equal('settled')
    expect(retries.all).to.have.length(2)
  })

  it('has room again for each that leaves', async () => {
    retries = retriesWith(1)
    const one = add('one')
    retries.giveUp(one, new Error('enough'))
    expect(retries.hasRoom).to.equal(true)
    add('two')
    expect(retries.hasRoom).to.equal(false)
    await clock.advance(10)
    expect(retries.hasRoom).to.equal(true)
  })

  it('gives one of them up, and needs no time where it was the last', async () => {
    const [one, two] = [add('one'), add('two')]
    const enough = new Error('enough')
    retries.giveUp(one, enough)
    expect(one.outcome).to.deep.equal({ how: 'error', error: enough })
    await clock.advance(10)
    expect(taken()).to.deep.equal(['two'])
    expect(two.outcome).to.equal(undefined)
    const three = add('three')
    retries.giveUp(three, enough)
    await clock.advance(100)
    expect(taken()).to.deep.equal([])
    const stranger = callOf('one that does not wait here')
    retries.giveUp(stranger, enough)
    expect(stranger.outcome?.error).to.equal(enough)
    expect(retries.hasRoom).to.equal(true)
  })

  it('keeps nothing behind calls that were given up, or have been submitted', async () => {
    add('to another', 'b', clock.now() + 500)
    const one = add('one')
    retries.giveUp(one, new Error('enough'))
    expect(retries.queueBehind(callOf('two'))).to.equal(false)
    add('three')
    await clock.advance(5)
    add('to a third', 'c')
    await clock.advance(5)
    expect(taken()).to.deep.equal(['to another', 'three'])
    expect(retries.queueBehind(callOf('four'))).to.equal(false)
  })

  it('waits again for a call whose fellow was given up meanwhile', async () => {
    const [submitted, given] = [add('submitted'), callOf('given up')]
    await clock.advance(10)
    taken()
    retries.add(submitted, busy)
    retries.queueBehind(given)
    await clock.advance(20)
    expect(taken()).to.deep.equal(['submitted', 'given up'])
    retries.add(given, busy)
    retries.giveUp(given, new Error('enough'))
    retries.add(submitted, busy)
    await clock.advance(1_000)
    expect(taken()).to.deep.equal(['submitted'])
  })

  it('keeps the process alive while calls wait', () => {
    const alive: boolean[] = []
    const still = {
      now: () => 0,
      setTimer: () => ({ cancel: () => undefined, keepProcessAlive: (keep: boolean) => void alive.push(keep) }),
    }
    const options = { clock: still, random: () => 1, backoff: {}, maxCount: 1, submit: () => undefined }
    new DelayedRetries(options).add(callOf('one'), busy)
    expect(alive).to.deep.equal([true])
  })

  it('settles none twice', () => {
    const call = add('one')
    call.isOpen = false
    retries.giveUp(call, new Error('enough'))
    expect(call.outcome).to.equal(undefined)
  })

  it('gives up a call without a deadline that was refused for a minute in a row, with its refusal', async () => {
    refuses = () => true
    const call = add('one')
    await clock.advance(maxBusyMs - 1)
    expect(call.outcome).to.equal(undefined)
    await clock.advance(1)
    expect(call.outcome).to.deep.equal({ how: 'error', error: busy })
  })

  it('counts a minute again for a call that was refused after more than a minute', async () => {
    const call = add('one')
    await clock.advance(maxBusyMs)
    retries.add(call, busy)
    refuses = () => true
    await clock.advance(maxBusyMs - 1)
    expect(call.outcome).to.equal(undefined)
    await clock.advance(1)
    expect(call.outcome?.error).to.equal(busy)
  })

  it('gives up a call at its deadline, as late', async () => {
    refuses = () => true
    const call = add('one', 'a', clock.now() + 25)
    const later = add('two', 'a', clock.now() + maxBusyMs + 50)
    await clock.advance(24)
    expect(call.outcome).to.equal(undefined)
    await clock.advance(1)
    expect(call.outcome?.error).to.be.instanceOf(DeadlineError)
    await clock.advance(maxBusyMs + 24)
    expect(later.outcome, 'with a deadline, it has that much time').to.equal(undefined)
    await clock.advance(1)
    expect(later.outcome?.error).to.be.instanceOf(DeadlineError)
  })

  it('gives up each at its own deadline, although none was tried in between', async () => {
    const backoff = { minMs: 10_000, maxMs: 10_000 }
    retries = new DelayedRetries({ clock, random: () => 1, backoff, maxCount: 9, submit: () => undefined })
    const calls = [50, 25].map((ms) => add(`within ${ms} ms`, 'a', clock.now() + ms))
    await clock.advance(25)
    expect(calls.map(({ outcome }) => outcome !== undefined)).to.deep.equal([false, true])
    await clock.advance(25)
    expect(calls.map(({ outcome }) => outcome !== undefined)).to.deep.equal([true, true])
  })

  it('gives up a new call behind others at its deadline', async () => {
    refuses = () => true
    add('one')
    const behind = callOf('two', 'a', clock.now() + 5)
    retries.queueBehind(behind)
    await clock.advance(5)
    expect(behind.outcome?.error).to.be.instanceOf(DeadlineError)
  })

  it('settles all when it is closed', async () => {
    const calls = [add('one'), add('two', 'b')]
    retries.close(new ClientError('the client is closed', { code: 'CLOSED' }))
    for (const { outcome } of calls) expect(outcome?.error.message).to.include('the client is closed')
    expect(retries.all).to.deep.equal([])
    expect(retries.hasRoom).to.equal(true)
    await clock.advance(100)
    expect(taken()).to.deep.equal([])
  })

  it('counts those out that it settles when it is closed', () => {
    retries = retriesWith(2)
    add('one')
    add('two')
    retries.close(new ClientError('the client is closed', { code: 'CLOSED' }))
    expect(retries.hasRoom).to.equal(true)
  })
})
