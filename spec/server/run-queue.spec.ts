// When calls start at a server that has more of them than it can do.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { Holder } from '../../lib/core/accounting/holders.ts'
import { RunQueue } from '../../lib/core/server/run-queue.ts'
import { IncomingCall } from '../../lib/core/session/incoming-call.ts'
import { type FailureFrame, Kind } from '../../lib/core/wire/frames/frame.ts'
import { BusyError, CancelledError, DeadlineError, type IsockError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

describe('the server-wide bound on running calls', () => {
  it('refuses calls of any session above it as busy and not started, until others are answered', async () => {
    const world = new World()
    const work = new Work()
    await world.serve([work], { limits: { maxRunningCalls: 3 } })
    const [one, other] = [world.client({ retry: 0 }), world.client({ retry: 0 })]
    const running = [one.runAction(Work, 1), one.runAction(Work, 2), other.runAction(Work, 3)]
    await settle()
    for (const client of [one, other]) {
      const error = await failureOf(client.runAction(Work, 'too many'))
      expect(error).to.be.instanceOf(BusyError).and.to.include({ notStarted: true })
    }
    expect(work.runs).to.have.length(3)
    work.runs[0]!.finish()
    await settle()
    running.push(other.runAction(Work, 4))
    await settle()
    expect(work.runs).to.have.length(4)
    for (const run of work.runs) run.finish()
    await Promise.all(running)
    await world.close()
  })

  it('a client tries again what was refused', async () => {
    const world = new World()
    const work = new Work()
    await world.serve([work], { limits: { maxRunningCalls: 1 } })
    const client = world.client()
    const [first, second] = [client.runAction(Work), client.runAction(Work)]
    await settle()
    work.run.finish('first')
    expect(await first).to.equal('first')
    await world.clock.advance(1_000)
    work.runs[1]!.finish('second')
    expect(await second).to.equal('second')
    await world.close()
  })
})

describe('RunQueue', () => {
  let nowMs: number
  let queue: RunQueue
  let started: string[]
  let answers: Map<string, IsockError>
  let holder: Holder
  let idle: Holder[]
  let shares: number[]

  beforeEach(() => {
    nowMs = 1_000
    started = []
    answers = new Map()
    idle = []
    shares = []
    queue = new RunQueue({ now: () => nowMs, setTimer: () => ({ cancel() {}, keepProcessAlive() {} }) }, 100, {
      onIdle: (holder) => idle.push(holder),
      onScarce: (share) => shares.push(share),
    })
    holder = new Holder('an address')
  })

  /** A call whose handler keeps the processor for so long. */
  function start(name: string, burnsMs: number, timeoutMs = Number.POSITIVE_INFINITY, of = holder): IncomingCall {
    let error: IsockError | undefined
    const keeper = {
      onAnswered(call: IncomingCall, answer: unknown) {
        call.state = 'answered'
        if (error !== undefined) {
          expect((answer as FailureFrame).notStarted).to.equal(true)
          answers.set(name, error)
        }
      },
      openItems: () => expect.fail('no items'),
      onWeighed: () => undefined,
    }
    const action = { name, contract: undefined, expectedBytes: 0 }
    const given = { seq: 1, action, attempt: 1, metadata: undefined, input: undefined, admittedAtMs: nowMs }
    const call = new IncomingCall(keeper, { ...given, deadlineAtMs: nowMs + timeoutMs }, undefined)
    queue.start(call, {
      holder: of,
      run() {
        started.push(name)
        nowMs += burnsMs
      },
      encodeError(refusal) {
        error = refusal
        return undefined
      },
    })
    return call
  }

  it('knows which action kept the processor longest, immediately and slice by slice, and which started last', async () => {
    expect(queue.lastStarted).to.equal(undefined)
    start('long', 700)
    start('longer', 900)
    start('last', 5)
    expect(queue.takeLongest()).to.deep.equal({ action: 'long', tookMs: 700 })
    await nextTurn()
    await nextTurn()
    expect(queue.lastStarted).to.equal('last')
    expect(queue.takeLongest()).to.deep.equal({ action: 'longer', tookMs: 900 })
    expect(queue.takeLongest()).to.deep.equal({ action: undefined, tookMs: 0 })
  })

  it('starts calls at once while handlers leave the processor free', () => {
    for (const name of ['a', 'b', 'c']) start(name, 1)
    expect(started).to.deep.equal(['a', 'b', 'c'])
  })

  it('lets the sockets have a turn when handlers have kept the processor, and goes on in order', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) start(name, 6)
    expect(started).to.deep.equal(['a', 'b'])
    await nextTurn()
    expect(started).to.deep.equal(['a', 'b', 'c', 'd'])
    await nextTurn()
    expect(started).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
    await nextTurn()
    start('f', 1)
    expect(started.at(-1)).to.equal('f')
  })

  it('does not start what was cancelled while it waited', async () => {
    start('long', 20)
    start('waits', 1).abort(new CancelledError('the caller has gone'))
    await nextTurn()
    expect(started).to.deep.equal(['long'])
    expect(answers.get('waits')).to.be.instanceOf(CancelledError).and.to.include({ notStarted: true })
  })

  it('refuses as busy what had to make room for others while it waited', async () => {
    start('long', 20)
    start('waits', 1).abort(new BusyError('ended for others', { notStarted: false }))
    await nextTurn()
    expect(started).to.deep.equal(['long'])
    expect(answers.get('waits')).to.be.instanceOf(BusyError).and.to.include({ notStarted: true })
  })

  it('does not start what has no time left', async () => {
    start('late', 1, 0)
    start('long', 20)
    start('grows late', 1, 50)
    nowMs += 50
    await nextTurn()
    expect(started).to.deep.equal(['long'])
    for (const name of ['late', 'grows late'])
      expect(answers.get(name)).to.be.instanceOf(DeadlineError).and.to.include({ notStarted: true })
  })

  it('refuses what has waited for half of its time, and starts what has not', async () => {
    start('long', 20)
    start('in a hurry', 1, 100)
    start('patient', 1, 1_000)
    start('without a bound', 1)
    nowMs += 50
    await nextTurn()
    expect(started).to.deep.equal(['long', 'patient', 'without a bound'])
    expect(answers.get('in a hurry')).to.be.instanceOf(BusyError)
  })

  it('lets an address with one call go before one with many', async () => {
    start('long', 20)
    for (let i = 0; i < 5; i++) start(`many ${i}`, 20)
    start('one', 1, Number.POSITIVE_INFINITY, new Holder('another address'))
    await nextTurn()
    await nextTurn()
    expect(started).to.deep.equal(['long', 'many 0', 'one', 'many 1'])
  })

  describe('while more than three quarters of the calls run that may', () => {
    const answer = { kind: Kind.Result, seq: 1, items: 0, value: undefined } as const
    let other: Holder
    let calls: IncomingCall[]

    beforeEach(() => {
      other = new Holder('another address')
      calls = Array.from({ length: 75 }, (_, i) => start(`${i}`, 0))
    })

    it('refuses more to the address that has most of them, and to no other', () => {
      expect(queue.refusal({ holder })).to.be.instanceOf(BusyError).and.to.include({ notStarted: true })
      expect(queue.refusal({ holder: other })).to.equal(undefined)
    })

    it('tells of one that it refused with less than a share, when as many run as may', () => {
      for (let i = 0; i < 25; i++) start(`other ${i}`, 0, Number.POSITIVE_INFINITY, new Holder(`one of ${i}`))
      expect(queue.refusal({ holder: other })).to.be.instanceOf(BusyError)
      expect(queue.refusal({ holder })).to.be.instanceOf(BusyError)
      expect(shares).to.deep.equal([75 / 26])
    })

    it('refuses the other one when it has as much', () => {
      for (const call of calls.splice(0, 36)) call.answerWith(answer)
      for (let i = 0; i < 38; i++) start(`other ${i}`, 0, Number.POSITIVE_INFINITY, other)
      expect(queue.refusal({ holder: other })).to.be.instanceOf(BusyError)
      expect(queue.refusal({ holder })).to.be.instanceOf(BusyError)
      expect(shares).to.deep.equal([])
    })

    it('refuses one that has more than twice what is left, and takes those with less', () => {
      for (let i = 0; i < 16; i++) start(`other ${i}`, 0, Number.POSITIVE_INFINITY, other)
      expect(queue.refusal({ holder: other })).to.equal(undefined)
      start('one more', 0, Number.POSITIVE_INFINITY, other)
      expect(shares).to.deep.equal([])
      expect(queue.refusal({ holder: other })).to.be.instanceOf(BusyError)
      expect(shares).to.deep.equal([37.5])
      expect(queue.refusal({ holder: new Holder('a newcomer') })).to.equal(undefined)
    })

    it('refuses nobody when fewer run again', () => {
      calls[0]?.answerWith(answer)
      expect(queue.refusal({ holder })).to.equal(undefined)
    })

    it('tells when the last call of an address has ended that has left', () => {
      holder.hasLeft = true
      for (const call of calls) {
        expect(idle).to.deep.equal([])
        call.answerWith(answer)
      }
      expect(idle).to.deep.equal([holder])
      expect(holder.running).to.equal(0)
    })
  })

  it('counts those that wait as running', async () => {
    start('long', 20)
    for (let i = 0; i < 99; i++) start(`waits ${i}`, 0)
    expect(queue.refusal({ holder })).to.be.instanceOf(BusyError)
  })
})
