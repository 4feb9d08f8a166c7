// The listeners of a process by themselves: who hears what, how many there may be, and that none stays who has gone.
import { expect } from 'chai'
import { Refused } from '../../lib/core/action/refused.ts'
import type { RunContext } from '../../lib/core/action/run-context.ts'
import type { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { Audience } from '../../lib/features/tasks/audience.ts'
import { BusyError, ServerError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

describe('The audience of a process', () => {
  const codec = new StandardCodec(new ClassRegistry())
  let audience: Audience

  beforeEach(() => {
    audience = new Audience({
      codec,
      exposed: (error) => error,
      label: 'process "clock"',
      maxQueued: 2,
      maxQueuedBytes: 1_000,
      maxListenersPerSession: 2,
      maxFrameBytes: 10_000,
      findSession: () => undefined,
    })
  })

  class Listener {
    readonly heard: unknown[] = []
    readonly abort = new AbortController()
    readonly session: { id: string; isConnected: boolean }
    isOfLibrary = false
    /** Takes nothing until it is told to. */
    isBusy = false
    take: () => void = () => undefined
    readonly end: Promise<unknown>

    constructor(id: string) {
      this.session = { id, isConnected: true }
      this.end = audience.serve(this as unknown as RunContext).then(({ payload }) => codec.decode(payload))
      this.end.catch(() => undefined)
    }

    get signal(): AbortSignal {
      return this.abort.signal
    }

    waitForClient(): void {
      this.isOfLibrary = true
    }

    push({ payload }: Encoded): Promise<void> | undefined {
      this.heard.push(codec.decode(payload))
      return this.isBusy ? new Promise((resolve) => Object.assign(this, { take: resolve })) : undefined
    }
  }

  const say = (data: unknown, to?: string) => audience.send(audience.encode({ event: 'tick', data }), to)

  it('hears that it is let in, and then what is told to all, or to its session', async () => {
    const [cat, alsoCat, dog] = [new Listener('cat'), new Listener('cat'), new Listener('dog')]
    expect([say(1), say(2, 'cat'), say(3, 'dog'), say(4, 'nobody')]).to.deep.equal([3, 2, 1, 0])
    const events = (...data: number[]) => [true, ...data.map((each) => ({ event: 'tick', data: each }))]
    expect([cat, alsoCat, dog].map(({ heard }) => heard)).to.deep.equal([events(1, 2), events(1, 2), events(1, 3)])
    expect(audience.count).to.equal(3)
    // A stream of the library's own waits for its client.
    expect([cat.isOfLibrary, dog.isOfLibrary]).to.deep.equal([true, true])
    audience.close({ how: 'finished' })
    for (const { end } of [cat, alsoCat, dog]) expect(await end).to.deep.equal({ how: 'finished' })
    expect(audience.count).to.equal(0)
  })

  it('has as many listeners of a session as it may; one that goes makes room, and counts no more', async () => {
    const [one, two] = [new Listener('cat'), new Listener('cat')]
    const refusal = await failureOf(new Listener('cat').end)
    expect(refusal).to.be.instanceOf(Refused)
    expect(String(refusal['error'])).to.contain('process "clock" has 2 listeners of this client already')
    new Listener('dog')
    expect(audience.count).to.equal(3)
    one.abort.abort()
    expect([audience.count, say(1, 'cat'), say(2)]).to.deep.equal([2, 1, 2])
    await one.end
    expect(audience.count).to.equal(2)
    const three = new Listener('cat')
    expect([audience.count, say(3, 'cat')]).to.deep.equal([3, 2])
    for (const each of [two, three]) each.abort.abort()
    expect([audience.count, say(4, 'cat')]).to.deep.equal([1, 0])
  })

  it('lets go of one that does not keep up, with the reason; one that is away is to listen again', async () => {
    for (const isConnected of [true, false]) {
      const slow = new Listener('slow')
      slow.session.isConnected = isConnected
      slow.isBusy = true
      for (let n = 0; n < 4; n++) say(n)
      if (isConnected) expect(await failureOf(slow.end)).to.be.instanceOf(BusyError)
      else expect(await slow.end).to.deep.equal({ how: 'again' })
      expect(audience.count).to.equal(0)
    }
  })

  it('is told how it ended behind what waits for it, and who comes later at once, until it begins anew', async () => {
    const slow = new Listener('slow')
    slow.isBusy = true
    for (const n of [1, 2]) say(n)
    audience.close({ how: 'failed', error: new ServerError('it broke', { code: 'INTERNAL' }) })
    say('too late')
    let isOver = false
    void slow.end.then(() => {
      isOver = true
    })
    await settle()
    expect(isOver).to.equal(false)
    slow.isBusy = false
    slow.take()
    const end = (await slow.end) as { how: string; error: Error }
    expect([end.how, end.error.message]).to.deep.equal(['failed', 'it broke'])
    expect(slow.heard.map((item) => (item as { data?: unknown }).data)).to.deep.equal([undefined, 1, 2])
    const late = new Listener('late')
    expect(await late.end).to.have.property('how', 'failed')
    expect([late.heard, audience.count]).to.deep.equal([[], 0])
    audience.open()
    const next = new Listener('next')
    expect([say(5), audience.count]).to.deep.equal([1, 1])
    next.abort.abort(new ServerError('the session has ended', { code: 'SESSION_ENDED' }))
    expect(await failureOf(next.end)).to.include({ code: 'SESSION_ENDED' })
  })

  it('is told as much of an error as can travel', async () => {
    const error = Object.assign(new Error('it broke'), { how: () => undefined })
    audience.close({ how: 'failed', error })
    const end = (await new Listener('cat').end) as { how: string; error: Error }
    expect([end.how, end.error.message]).to.deep.equal(['failed', 'it broke'])
  })

  it('gets no event that no frame could carry', () => {
    expect(() => audience.encode({ event: 'tick', data: new Uint8Array(10_001) })).to.throw('process "clock"')
  })
})
