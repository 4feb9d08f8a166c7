// The life of a lasting call: when it is ready, what it asks for again and how soon, and how it ends. In virtual time.
import { expect } from 'chai'
import { type Call, type Outcome, puller } from '../../lib/core/action/call.ts'
import { BusyError, LinkError, OutcomeUnknownError, ServerError } from '../../lib/core/base/errors.ts'
import type { ClientKit } from '../../lib/core/client/client-kit.ts'
import { isLoss, iteratorOf, LastingCall } from '../../lib/core/client/lasting-call.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

const lost = new ServerError('gone', { code: 'SHUTTING_DOWN' })
const refused = new ServerError('not for you', { code: 'NOT_ALLOWED' })

/** A call whose items and end a spec has in its hands. */
class HeldCall {
  readonly startedAtMs: number
  isCancelled = false
  readonly #items: unknown[] = []
  #wake: () => void = () => undefined
  #end: Outcome<unknown> | undefined
  #settle: (outcome: Outcome<unknown>) => void = () => undefined
  readonly #outcome = new Promise<Outcome<unknown>>((resolve) => {
    this.#settle = resolve
  })

  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs
  }

  give(...items: unknown[]): void {
    this.#items.push(...items)
    this.#tell()
  }

  end(outcome: Outcome<unknown>): void {
    this.#end = outcome
    this.#settle(outcome)
    this.#tell()
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = () => undefined
    wake()
  }

  asCall(): Call<unknown, unknown> {
    return {
      [puller]: (onItem: (item: unknown) => void, onEnd: () => void) => () => {
        const give = (): void => {
          if (this.#items.length > 0) onItem(this.#items.shift())
          else if (this.#end !== undefined) onEnd()
          else this.#wake = give
        }
        give()
      },
      outcome: () => this.#outcome,
      cancel: () => {
        this.isCancelled = true
        this.end({ ok: false, error: new Error('cancelled') })
      },
    } as unknown as Call<unknown, unknown>
  }
}

describe('The life of a lasting call', () => {
  let clock: VirtualClock
  let calls: HeldCall[]
  let lasting: LastingCall<{ readonly item: unknown }>

  beforeEach(() => {
    clock = new VirtualClock()
    calls = []
    const kit = { clock, random: () => 1, backoff: { minMs: 100, maxMs: 1_000 } } as unknown as ClientKit
    lasting = new LastingCall(kit, {
      start: () => {
        const call = new HeldCall(clock.now())
        calls.push(call)
        return call.asCall()
      },
      onOpen: (item) => (item === 'open' ? [] : [{ item }]),
      onItem: (item) => {
        if (item === 'unreadable') throw new Error('what is that?')
        return [{ item }]
      },
      judge: (outcome) => {
        if (outcome.ok) return { error: undefined }
        return isLoss(outcome.error) ? 'again' : { error: outcome.error }
      },
    })
    lasting.begin()
  })

  afterEach(async () => {
    lasting.end(undefined, 'drop')
    await clock.advance(2_000)
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  const call = (): HeldCall => calls.at(-1) as HeldCall

  async function isSettled(promise: Promise<unknown>): Promise<boolean> {
    let settled = false
    const onSettled = (): void => {
      settled = true
    }
    promise.then(onSettled, onSettled)
    await settle()
    return settled
  }

  it('is ready with the first item, and gives what follows in order', async () => {
    expect([await isSettled(lasting.ready), lasting.hasBeenOpen]).to.deep.equal([false, false])
    call().give('open')
    await lasting.ready
    expect(lasting.hasBeenOpen).to.equal(true)
    call().give(1, 2)
    expect([await lasting.take(), await lasting.take()]).to.deep.equal([{ item: 1 }, { item: 2 }])
  })

  it('has steps for its reader in the first item too', async () => {
    call().give('first')
    expect(await lasting.take()).to.deep.equal({ item: 'first' })
  })

  it('rejects ready, done and the reader with what it does not get past', async () => {
    const reading = lasting.take().catch((error) => error)
    call().end({ ok: false, error: refused })
    const told = [lasting.ready, lasting.done].map((promise) => promise.catch((error) => error))
    expect(await Promise.all([...told, reading])).to.deep.equal([refused, refused, refused])
    expect(lasting.isOver).to.equal(true)
    await clock.advance(60_000)
    expect(calls).to.have.length(1)
  })

  it('is done at the end of what it is a stream of', async () => {
    call().give('open', 1)
    call().end({ ok: true, value: undefined })
    await lasting.done
    expect([await lasting.take(), await lasting.take()]).to.deep.equal([{ item: 1 }, undefined])
  })

  it('asks again after a loss, and waits longer each time that it is soon lost again', async () => {
    for (let i = 1; i <= 6; i++) {
      call().give('open')
      call().end({ ok: false, error: lost })
      for (let step = 0; step < 20 && calls.length === i; step++) await clock.advance(100)
    }
    const waitsMs = calls.map(({ startedAtMs }, i) => startedAtMs - (calls[i - 1]?.startedAtMs ?? startedAtMs))
    expect(waitsMs).to.deep.equal([0, 100, 200, 400, 800, 1_000, 1_000])
  })

  it('waits for a short while only after a call that was open for long', async () => {
    for (let i = 0; i < 4; i++) {
      call().give('open')
      call().end({ ok: false, error: lost })
      await clock.advance(1_000)
    }
    call().give('open')
    await clock.advance(5_000)
    const { length } = calls
    call().end({ ok: false, error: lost })
    await clock.advance(99)
    expect(calls).to.have.length(length)
    await clock.advance(1)
    expect(calls).to.have.length(length + 1)
  })

  it('takes no call for a success that was not let in, however long it took', async () => {
    for (let i = 1; i <= 3; i++) {
      await clock.advance(1_500)
      call().end({ ok: false, error: lost })
      for (let step = 0; step < 20 && calls.length === i; step++) await clock.advance(100)
    }
    const waitsMs = calls.map(({ startedAtMs }, i) => startedAtMs - (calls[i - 1]?.startedAtMs ?? startedAtMs))
    expect(waitsMs).to.deep.equal([0, 1_600, 1_700, 1_900])
  })

  it('cancels its call and wakes its reader when it is ended', async () => {
    call().give('open')
    const reading = lasting.take()
    await settle()
    lasting.end(undefined, 'drop')
    expect([await reading, call().isCancelled]).to.deep.equal([undefined, true])
    await lasting.done
    lasting.end(refused, 'drop')
    await lasting.done
  })

  it('does not ask again when it is ended while it waits', async () => {
    call().end({ ok: false, error: lost })
    await settle()
    lasting.end(undefined, 'drop')
    await clock.advance(60_000)
    expect(calls).to.have.length(1)
    expect(await lasting.ready.catch((error) => error.code)).to.equal('CANCELLED')
  })

  it('ends with the error of what it cannot read', async () => {
    call().give('open', 'unreadable')
    expect(await lasting.take().catch((error) => error.message)).to.equal('what is that?')
    expect(await lasting.done.catch((error) => error.message)).to.equal('what is that?')
    expect(call().isCancelled).to.equal(true)
  })

  it('takes for a loss what another server or session may get past, and nothing else', () => {
    expect([lost, new OutcomeUnknownError('?'), new LinkError('cut')].map(isLoss)).to.deep.equal([true, true, true])
    expect([refused, new BusyError('full'), new Error('no'), undefined].map(isLoss)).to.deep.equal([
      false,
      false,
      false,
      false,
    ])
  })

  it('is stopped by leaving the loop over its iterator', async () => {
    let stops = 0
    let n = 0
    const iterator = iteratorOf(
      async () => ({ done: false, value: n++ }),
      () => stops++,
    )
    for await (const item of iterator) if (item === 2) break
    expect([n, stops]).to.deep.equal([3, 1])
  })
})
