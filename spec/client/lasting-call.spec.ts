// What a lasting call keeps of calls that ended, for a reader who does not come to take it. In virtual time.
import { expect } from 'chai'
import { type Call, type Outcome, puller } from '../../lib/core/action/call.ts'
import { OutcomeUnknownError, ServerError } from '../../lib/core/base/errors.ts'
import type { ClientKit } from '../../lib/core/client/client-kit.ts'
import { isLoss, LastingCall } from '../../lib/core/client/lasting-call.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

/** In each call, after the one that opens it. */
const itemsInCall = 100

describe('A lasting call', () => {
  let clock: VirtualClock
  let calls: number
  let isEmpty: (call: number) => boolean
  let lasting: LastingCall<{ readonly n: number }>

  beforeEach(() => {
    clock = new VirtualClock()
    calls = 0
    isEmpty = () => false
    const kit = { clock, random: () => 0.5, backoff: { minMs: 10, maxMs: 100 } } as unknown as ClientKit
    lasting = new LastingCall(kit, {
      start: () => callThatIsLost(++calls, isEmpty(calls) ? 0 : itemsInCall),
      onOpen: () => [],
      onItem: (item) => [{ n: item as number }],
      judge: (outcome) => (!outcome.ok && isLoss(outcome.error) ? 'again' : { error: outcome }),
    })
    lasting.begin()
  })

  afterEach(async () => {
    lasting.end(undefined, 'drop')
    await clock.advance(1_000)
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  it('keeps no more than two calls gave, where nobody reads', async () => {
    await clock.advance(60_000)
    expect(calls).to.equal(2)
  })

  it('goes on when its reader has taken what the first of them gave, and leaves nothing out', async () => {
    const taken: unknown[] = []
    await clock.advance(60_000)
    for (let i = 0; i < itemsInCall; i++) taken.push((await lasting.take())?.n)
    await clock.advance(60_000)
    expect(calls).to.equal(3)
    for (let i = 0; i < 2 * itemsInCall; i++) taken.push((await lasting.take())?.n)
    const expected = [1, 2, 3].flatMap((call) => Array.from({ length: itemsInCall }, (_, i) => call * 1_000 + i))
    expect(taken).to.deep.equal(expected)
  })

  it('does not count calls that gave nothing', async () => {
    isEmpty = (call) => call > 1 && call < 10
    await clock.advance(60_000)
    expect(calls).to.equal(10)
  })

  it('ends for good with the session that the server wants no more, also where its own outcome is unknown', async () => {
    for (const notStarted of [false, true]) {
      const cause = new ServerError('banned', { code: 'SESSION_ENDED', notStarted })
      for (const error of [cause, new OutcomeUnknownError('it was sent', { cause })]) {
        let starts = 0
        const kit = { clock, random: () => 0.5, backoff: { minMs: 10, maxMs: 100 } } as unknown as ClientKit
        const ended = new LastingCall<{ readonly n: number }>(kit, {
          start: () => callThatIsLost(++starts, 1, error),
          onOpen: () => [],
          onItem: () => [],
          judge: () => 'again',
        })
        ended.begin()
        const reason = ended.done.catch((thrown: unknown) => thrown)
        await clock.advance(1_000)
        expect(await reason).to.equal(cause)
        expect(starts).to.equal(1)
      }
    }
  })

  it('has been drained when its call has ended, and no earlier', async () => {
    let endCall = (): void => undefined
    const kit = { clock, random: () => 0.5, backoff: { minMs: 10, maxMs: 100 } } as unknown as ClientKit
    const call = {
      [puller]: (_onItem: unknown, onEnd: () => void) => {
        endCall = onEnd
        return () => undefined
      },
      outcome: async (): Promise<Outcome<unknown>> => ({ ok: true, value: undefined }),
      cancel: () => undefined,
    } as unknown as Call<unknown, unknown>
    const drained = new LastingCall<{ readonly n: number }>(kit, {
      start: () => call,
      onOpen: () => [],
      onItem: () => [],
      judge: () => 'again',
    })
    drained.begin()
    await clock.advance(1_000)
    let isDrained = false
    const draining = drained.drain().then(() => {
      isDrained = true
    })
    await clock.advance(1_000)
    expect(isDrained).to.equal(false)
    endCall()
    await draining
    expect(drained.isOver).to.equal(true)
  })

  it('ends although its reader is behind', async () => {
    await clock.advance(60_000)
    lasting.end(undefined, 'drop')
    await lasting.done
    await clock.advance(60_000)
    expect(calls).to.equal(2)
  })
})

/** Opens, gives its items, and then its server is gone. */
function callThatIsLost(
  number: number,
  count: number,
  error: Error = new ServerError('gone', { code: 'SHUTTING_DOWN' }),
): Call<unknown, unknown> {
  const items = count === 0 ? [] : ['open', ...Array.from({ length: count }, (_, i) => number * 1_000 + i)]
  return {
    [puller]: (onItem: (item: unknown) => void, onEnd: () => void) => () => {
      const item = items.shift()
      if (item === undefined) onEnd()
      else onItem(item)
    },
    outcome: async (): Promise<Outcome<unknown>> => ({ ok: false, error }),
    cancel: () => undefined,
  } as unknown as Call<unknown, unknown>
}
