// Small parts of a client, each by itself: who waits for the connection, the last calls, and attempts one after the other.
import { expect } from 'chai'
import type { PendingCall } from '../../lib/core/action/pending-call.ts'
import { ClientError, LinkError } from '../../lib/core/base/errors.ts'
import { attemptUntilDone } from '../../lib/core/client/attempts.ts'
import { attemptUntilDone as attemptInBrowser } from '../../lib/core/client/browser-attempts.ts'
import { ClientSurroundings } from '../../lib/core/client/client-surroundings.ts'
import { ConnectWaiters } from '../../lib/core/client/connect-waiters.ts'
import { graceOf, untilOver } from '../../lib/core/client/last-calls.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

const stateOf = (promise: Promise<unknown>): Promise<string> =>
  Promise.race([
    promise.then(
      () => 'resolved',
      (error: Error) => `rejected: ${error.message}`,
    ),
    settle().then(() => 'waits'),
  ])

describe('ConnectWaiters', () => {
  it('settles all with the connection', async () => {
    const waiters = new ConnectWaiters()
    expect(waiters.isEmpty).to.equal(true)
    const waiting = [waiters.wait(0), waiters.wait(3)]
    expect(waiters.isEmpty).to.equal(false)
    waiters.resolveAll()
    expect(await Promise.all(waiting.map(stateOf))).to.deep.equal(['resolved', 'resolved'])
    expect(waiters.isEmpty).to.equal(true)
  })

  it('rejects all with the reason', async () => {
    const waiters = new ConnectWaiters()
    const [one, two] = [stateOf(waiters.wait(0)), stateOf(waiters.wait(3))]
    waiters.rejectAll(new LinkError('refused'))
    expect([await one, await two]).to.deep.equal(['rejected: refused', 'rejected: refused'])
    expect(waiters.isEmpty).to.equal(true)
  })

  it('counts the faults of each, and rejects those whose retries are used up', async () => {
    const waiters = new ConnectWaiters()
    const fault = new LinkError('no route')
    const first = waiters.wait(0).catch((error: unknown) => error)
    const second = waiters.wait(1)
    waiters.countFault(fault)
    const error = (await first) as ClientError
    expect(error).to.be.instanceOf(ClientError)
    expect([error.message, error.code, error.cause, error.notStarted]).to.deep.equal([
      'cannot connect: no route',
      'UNREACHABLE',
      fault,
      true,
    ])
    expect(await stateOf(second)).to.equal('waits')
    const third = waiters.wait(1)
    const states = [stateOf(second), stateOf(third)]
    waiters.countFault(fault)
    expect(await Promise.all(states)).to.deep.equal(['rejected: cannot connect: no route', 'waits'])
    waiters.resolveAll()
    expect(await stateOf(third)).to.equal('resolved')
    const last = waiters.wait(0).catch(() => 'rejected')
    waiters.countFault(fault)
    expect(await last).to.equal('rejected')
    expect(waiters.isEmpty, 'the one that was rejected waits no longer').to.equal(true)
  })
})

describe('The last calls of a client', () => {
  const clock = new VirtualClock()

  class Last {
    end: () => void = () => undefined
    whenDone(end: () => void): void {
      this.end = end
    }
  }

  const until = (calls: Last[], limitMs = 100): Promise<void> =>
    untilOver(calls as unknown as PendingCall[], clock, limitMs)

  it('have no grace unless they are given one', () => {
    expect([graceOf({}), graceOf({ graceMs: 5 })]).to.deep.equal([0, 5])
    expect(() => graceOf({ graceMs: -1 })).to.throw(ClientError, 'graceMs')
    expect(() => graceOf({ grace: 1 } as object)).to.throw(ClientError, 'grace')
  })

  it('are over when there are none, or all have ended', async () => {
    expect(await stateOf(until([]))).to.equal('resolved')
    expect(clock.pendingCount).to.equal(0)
    const calls = [new Last(), new Last()]
    const over = until(calls)
    calls[1]?.end()
    expect(await stateOf(over)).to.equal('waits')
    calls[0]?.end()
    expect(await stateOf(over)).to.equal('resolved')
    expect(clock.pendingCount).to.equal(0)
  })

  it('have so much time and no more', async () => {
    const over = until([new Last()])
    await clock.advance(99)
    expect(await stateOf(over)).to.equal('waits')
    await clock.advance(1)
    expect(await stateOf(over)).to.equal('resolved')
  })
})

for (const [where, attemptsOf] of [
  ['on Node', attemptUntilDone],
  ['in a browser', attemptInBrowser],
] as const)
  describe(`Attempts one after the other, ${where}`, () => {
    /** Those of so many failures. */
    async function run(
      failures: unknown[],
      more: { goesOn?: (error: Error) => boolean; signal?: AbortSignal } = {},
    ): Promise<{ attempts: number; failed: unknown[]; error: unknown }> {
      const { goesOn = () => true, signal = new AbortController().signal } = more
      let attempts = 0
      const failed: unknown[] = []
      const attempt = async (): Promise<void> => {
        const failure = failures[attempts++]
        if (failure !== undefined) throw failure
      }
      const onFailure = async (error: Error): Promise<boolean> => {
        failed.push(error)
        return goesOn(error)
      }
      const error = await attemptsOf(attempt, { signal, onFailure }).catch((thrown: unknown) => thrown)
      return { attempts, failed, error }
    }

    const [first, second] = [new Error('first'), new Error('second')]

    it('go on until one succeeds', async () => {
      expect(await run([first, second])).to.deep.equal({ attempts: 3, failed: [first, second], error: undefined })
      expect(await run([])).to.deep.equal({ attempts: 1, failed: [], error: undefined })
    })

    it('end with an error after which they are not to go on', async () => {
      const result = await run([first, second], { goesOn: (error) => error !== second })
      expect(result).to.deep.equal({ attempts: 2, failed: [first, second], error: second })
    })

    it('end with a fault of the program', async () => {
      const fault = new TypeError('undefined is not a function')
      const { attempts, error } = await run([fault, first])
      expect([attempts, error]).to.deep.equal([1, fault])
    })

    it('end with the reason of the signal, before the first or after one', async () => {
      const reason = new Error('closed')
      const before = await run([], { signal: AbortSignal.abort(reason) })
      expect([before.attempts, before.error]).to.deep.equal([0, reason])
      const controller = new AbortController()
      const goesOn = (): boolean => {
        controller.abort(reason)
        return true
      }
      const after = await run([first, second], { signal: controller.signal, goesOn })
      expect([after.attempts, after.error]).to.deep.equal([1, reason])
    })
  })

describe('Attempts in a browser', () => {
  it('ask nobody whether to go on after one that the signal ended', async () => {
    const reason = new Error('closed')
    const controller = new AbortController()
    let asked = 0
    const attempt = async (): Promise<void> => {
      controller.abort(reason)
      throw new Error('cut off')
    }
    const onFailure = async (): Promise<boolean> => ++asked > 0
    const attempts = attemptInBrowser(attempt, { signal: controller.signal, onFailure })
    expect([await attempts.catch((error: unknown) => error), asked]).to.deep.equal([reason, 0])
  })
})

describe('What surrounds an action on a client', () => {
  const started: unknown[][] = []
  const session = { id: 's1', peer: { description: 'the server' }, isAttached: true }
  const options = { log: { info: () => undefined }, clock: { now: () => 7 } }
  const starter = {
    start: (...given: unknown[]) => {
      started.push(given)
      return 'a call'
    },
  }
  const around = new ClientSurroundings(session as never, starter as never, options as never)

  it('is the session, its server, and the client', () => {
    expect([around.id, around.peer, around.isConnected]).to.deep.equal(['s1', session.peer, true])
    expect([around.session, around.log, around.nowMs()]).to.deep.equal([around, options.log, 7])
    expect([around.identity, around.name, around.state.size]).to.deep.equal([undefined, undefined, 0])
  })

  it('has neither a server to use nor a session to end', () => {
    expect(() => around.server).to.throw(ClientError, 'there is no context.server here')
    expect(() => around.end()).to.throw(ClientError, 'only the server ends sessions')
  })

  it('starts calls of its own for the run', () => {
    const parent = {} as never
    expect(around.callerFor(parent).runAction('Add', 1, { retry: 2 })).to.equal('a call')
    expect(started).to.deep.equal([['Add', 1, { retry: 2 }, parent]])
  })
})
