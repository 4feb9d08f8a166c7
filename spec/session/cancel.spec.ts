// Cancelling: the caller is free at once, the handler is told, and what never started never does.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, CancelledError, type Client, type Context } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

class Endless extends Action {
  yielded = 0
  isClosed = false
  context: Context | undefined

  async *action(_data: undefined, context: Context) {
    this.context = context
    try {
      for (;;) yield ++this.yielded
    } finally {
      this.isClosed = true
    }
  }
}

describe('cancelling a call', () => {
  let world: World
  let work: Work
  let endless: Endless
  let client: Client

  beforeEach(async () => {
    world = new World()
    work = new Work()
    endless = new Endless()
    await world.serve([work, endless], { limits: { maxCallsInFlight: 2 } })
    client = world.client()
  })

  afterEach(() => world.close())

  async function expectCancelled(call: Promise<unknown>, notStarted: boolean): Promise<Error> {
    const error = await failureOf(call)
    expect(error).to.be.instanceOf(CancelledError)
    expect(error).to.include({ code: 'CANCELLED', notStarted })
    return error
  }

  it('before it was sent: it never is', async () => {
    const call = client.runAction(Work)
    call.cancel()
    await expectCancelled(call, true)
    await client.connect()
    await world.clock.advance(1_000)
    expect(work.runs).to.have.length(0)
    expect(world.network.wire.sent(Kind.Call, 'up')).to.have.length(0)
  })

  it('while it waits for a slot: it is never sent', async () => {
    const others = [client.runAction(Work), client.runAction(Work)]
    const call = client.runAction(Work)
    await settle()
    call.cancel()
    await expectCancelled(call, true)
    for (const run of work.runs) run.finish()
    await Promise.all(others)
    await settle()
    expect(work.runs).to.have.length(2)
  })

  it('while it runs: the caller is free at once, the signal of the handler aborts', async () => {
    const call = client.runAction(Work)
    await settle()
    const { signal } = work.run.context
    expect(signal.aborted).to.equal(false)
    call.cancel('changed my mind')
    const error = await expectCancelled(call, false)
    expect(error.message).to.equal('changed my mind')
    await settle()
    expect(signal.aborted).to.equal(true)
    expect(signal.reason).to.be.instanceOf(CancelledError)
    expect(signal.reason.message).to.equal('the caller cancelled action "Work"')
  })

  it('keeps its slot until the handler has ended', async () => {
    const calls = [client.runAction(Work), client.runAction(Work)]
    await settle()
    for (const call of calls) call.cancel()
    await Promise.all(calls.map((call) => failureOf(call)))
    const next = client.runAction(Work, 'next')
    await settle()
    expect(work.runs).to.have.length(2)
    work.runs[1]?.finish()
    await settle()
    expect(work.runs[2]?.data).to.equal('next')
    work.runs[2]?.finish('ran')
    expect(await next).to.equal('ran')
  })

  it('is told again over the next link when it was lost', async () => {
    const call = client.runAction(Work)
    await settle()
    world.network.cutAt(Kind.Cancel, 'up')
    call.cancel()
    await expectCancelled(call, false)
    const other = client.runAction(Work)
    await world.clock.advance(5_000)
    expect(work.runs[0]?.context.signal.aborted).to.equal(true)
    expect(work.runs[1]?.context.signal.aborted).to.equal(false)
    work.runs[1]?.finish()
    await other
  })

  it('reaches the server before its lost CALL: it never runs, and the slot is free again', async () => {
    await client.connect()
    await world.clock.advance(2_000)
    world.network.cutAt(Kind.Call, 'up')
    const call = client.runAction(Work, 'lost')
    world.network.setReachable('server', false)
    await settle()
    call.cancel()
    await expectCancelled(call, false)
    world.network.setReachable('server', true)
    const others = [client.runAction(Work, 1), client.runAction(Work, 2)]
    await world.clock.advance(5_000)
    expect(work.runs.map((run) => run.data)).to.have.members([1, 2])
    for (const run of work.runs) run.finish(run.data)
    expect(await Promise.all(others)).to.deep.equal([1, 2])
  })

  it('does nothing when it is over', async () => {
    const call = client.runAction(Work)
    await settle()
    work.run.finish('done')
    expect(await call).to.equal('done')
    call.cancel()
    await settle()
    expect(world.network.wire.sent(Kind.Cancel, 'up')).to.have.length(0)
  })

  it('by leaving the loop: the generator is closed', async () => {
    const seen: number[] = []
    const call = client.runAction(Endless)
    for await (const item of call) {
      seen.push(item)
      if (item === 3) break
    }
    await settle()
    expect(seen).to.deep.equal([1, 2, 3])
    expect(endless.context?.signal.aborted).to.equal(true)
    expect(endless.isClosed).to.equal(true)
    await expectCancelled(call, false)
  })

  it('by an error in the loop: the error is what comes out', async () => {
    const call = client.runAction(Endless)
    const error = await failureOf(
      (async () => {
        for await (const item of call) if (item === 2) throw new RangeError('enough')
      })(),
    )
    expect(error).to.be.instanceOf(RangeError)
    await settle()
    expect(endless.isClosed).to.equal(true)
  })

  it('by its signal, with the reason of that as the cause', async () => {
    const controller = new AbortController()
    const call = client.runAction(Work, undefined, { signal: controller.signal })
    await settle()
    controller.abort(new Error('the user left'))
    const error = await expectCancelled(call, false)
    expect(error.cause).to.be.instanceOf(Error).with.property('message', 'the user left')
    await settle()
    expect(work.run.context.signal.aborted).to.equal(true)
  })

  it('sends nothing when its signal was aborted before', async () => {
    await client.connect()
    const call = client.runAction(Work, undefined, { signal: AbortSignal.abort() })
    await expectCancelled(call, true)
    await settle()
    expect(work.runs).to.have.length(0)
    expect(world.network.wire.sent(Kind.Call, 'up')).to.have.length(0)
  })

  it('frees the slot of a call that has answered behind items which nobody reads', async () => {
    class Burst extends Action<undefined, string, Uint8Array> {
      override action(_: undefined, { emit }: Context<Uint8Array>): string {
        for (let n = 0; n < 1_000; n++) void emit(new Uint8Array(1_000))
        return 'done'
      }
    }
    await world.serve([new Burst(), work], { limits: { maxCallsInFlight: 1 } }, 'other')
    const other = world.client({}, 'other')
    const call = other.runAction(Burst)
    const first = call[Symbol.asyncIterator]().next()
    await first
    call.cancel()
    await expectCancelled(call, false)
    const next = other.runAction(Work)
    await settle()
    expect(work.runs).to.have.length(1)
    work.run.finish()
    await next
  })

  it('leaves no listener on a signal that lives on', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--
      removeEventListener.apply(signal, args)
    }
    const calls = [client.runAction(Work, 1, { signal }), client.runAction(Work, 2, { signal })]
    await settle()
    expect(listeners, 'listeners of two calls with one signal').to.equal(1)
    work.runs[0]?.finish()
    calls[1]?.cancel()
    await Promise.allSettled(calls)
    expect(listeners).to.equal(0)
  })
})
