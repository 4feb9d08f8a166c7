// One stream of a channel to one client: what it gets and in which order, what counts for it, and why it ended.
import { expect } from 'chai'
import type { RunContext } from '../../lib/core/action/run-context.ts'
import { BusyError, CancelledError, ServerError } from '../../lib/core/base/errors.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { slotBytes } from '../../lib/core/server/subscriber-queue.ts'
import { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import { Reader, type ReaderOptions } from '../../lib/features/channels/reader.ts'
import { settle } from '../setup/virtual-clock.ts'

/** The call that the reader answers, and its session. A slow client takes items one by one, when the spec says so. */
class Client {
  isConnected = true
  isSlow = false
  flushes = 0
  heldBytes = 0
  isWaitedFor = false
  failure: unknown
  readonly items: unknown[] = []
  readonly call = new AbortController()
  readonly #untaken: { resolve(): void; reject(error: unknown): void }[] = []

  get session(): ServerSession {
    const held = {
      change: (bytes: number): void => {
        this.heldBytes += bytes
      },
    }
    const core = { flush: () => void this.flushes++ }
    const session = { held: () => held, core }
    Object.defineProperty(session, 'isConnected', { get: () => this.isConnected })
    return session as unknown as ServerSession
  }

  get context(): RunContext {
    const waitForClient = (): void => {
      this.isWaitedFor = true
    }
    const push = (item: unknown): Promise<void> | undefined => {
      if (this.failure !== undefined) throw this.failure
      this.items.push(item instanceof Encoded ? item.payload : item)
      if (!this.isSlow) return undefined
      return new Promise((resolve, reject) => this.#untaken.push({ resolve, reject }))
    }
    return { signal: this.call.signal, waitForClient, push } as unknown as RunContext
  }

  async take(): Promise<void> {
    this.#untaken.shift()?.resolve()
    await settle()
  }

  fail(error: unknown): void {
    this.#untaken.shift()?.reject(error)
  }
}

describe('A reader of a channel', () => {
  const full = { maxQueued: 2, maxQueuedBytes: 1e6 }
  let client: Client
  let reader: Reader

  beforeEach(() => {
    client = new Client()
  })

  function run(options: Partial<ReaderOptions> = {}): Promise<unknown> {
    const { session, context } = client
    const required = { session, context, first: ['head'], overflow: 'drop-reader' as const, label: 'channel "News"' }
    reader = new Reader({ ...required, ...full, ...options })
    return reader.run()
  }

  const deliver = (...texts: string[]): void => {
    for (const text of texts) reader.deliver(new Encoded(text))
  }
  const ending = { code: 'SHUTTING_DOWN', message: 'the server ends' }

  it('gets what it asked for first, in its order, and then what is published', async () => {
    void run({ first: ['head', new Encoded('missed 1'), new Encoded('missed 2')] })
    deliver('a', 'b')
    await settle()
    expect(client.items).to.deep.equal(['head', 'missed 1', 'missed 2', 'a', 'b'])
    expect(client.heldBytes).to.equal(0)
  })

  it('is of the call that it answers, which waits for its client', () => {
    void run()
    expect(reader.context.signal).to.equal(client.call.signal)
    expect(client.isWaitedFor).to.equal(true)
    expect(reader.countsAsConnected, 'before a room has seen it').to.equal(false)
  })

  it('gets a single first item without waiting', () => {
    void run()
    expect(client.items).to.deep.equal(['head'])
    deliver('a')
    expect(client.items).to.deep.equal(['head', 'a'])
  })

  it('gets nothing before it runs', () => {
    const { session, context } = client
    const given = {
      session,
      context,
      first: ['head'],
      overflow: 'drop-reader' as const,
      label: 'channel "News"',
      ...full,
    }
    expect(new Reader(given).queuedCount).to.equal(0)
    expect(client.items).to.deep.equal([])
  })

  it('has a message written before its tick ends only where that is asked for', () => {
    void run()
    deliver('a')
    expect(client.flushes).to.equal(0)
    reader.deliverNow(new Encoded('b'))
    expect(client.flushes).to.equal(1)
    expect(client.items).to.deep.equal(['head', 'a', 'b'])
  })

  it('has messages wait while its client is slow, and counts them for it', async () => {
    client.isSlow = true
    void run()
    deliver('one', 'two')
    expect(reader.queuedCount).to.equal(2)
    expect(client.heldBytes).to.equal('onetwo'.length + 2 * slotBytes)
    await client.take()
    expect(client.items).to.deep.equal(['head', 'one'])
    await client.take()
    expect(client.items).to.deep.equal(['head', 'one', 'two'])
    expect(client.heldBytes).to.equal(0)
  })

  it('counts for its client what it has missed and has not taken yet, as long as that waits', async () => {
    client.isSlow = true
    const missed = ['four', 'seven', 'eleven'].map((text) => new Encoded(text))
    void run({ first: ['head', ...missed] })
    expect(client.heldBytes, 'behind the head').to.equal('foursevneleven'.length + 1 + 3 * slotBytes)
    await client.take()
    expect(client.items).to.deep.equal(['head', 'four'])
    expect(client.heldBytes).to.equal('seveneleven'.length + 2 * slotBytes)
    client.isSlow = false
    await client.take()
    expect(client.items).to.deep.equal(['head', 'four', 'seven', 'eleven'])
    expect(client.heldBytes).to.equal(0)
  })

  it('counts only what waits: neither what was taken immediately, nor what a room does not hold', async () => {
    const { context } = client
    const push = (item: unknown): unknown => {
      client.isSlow = client.items.length > 0
      return context.push(item)
    }
    const first = [new Encoded('fast'), new Encoded('slow'), new Encoded('waits'), 'plain']
    void run({ first, context: { ...context, push } as unknown as RunContext })
    expect(client.items).to.deep.equal(['fast', 'slow'])
    expect(client.heldBytes).to.equal('waits'.length + slotBytes)
  })

  it('counts nothing any more of what it missed when its client is gone', async () => {
    client.isSlow = true
    const over = run({ first: ['head', new Encoded('missed')] })
    client.fail(new CancelledError('gone'))
    expect(await over).to.deep.equal({ code: 'CANCELLED', message: 'gone' })
    expect(client.heldBytes).to.equal(0)
  })

  it('is told how many messages it has lost so far, before the next one, and once', async () => {
    client.isSlow = true
    void run({ overflow: 'drop-oldest', lossNotice: (lost) => `${lost} lost` })
    deliver('a', 'b', 'c', 'd')
    for (let i = 0; i < 4; i++) await client.take()
    expect(client.items).to.deep.equal(['head', '2 lost', 'c', 'd'])
    client.isSlow = false
    deliver('e')
    expect(client.items.slice(4)).to.deep.equal(['e'])
  })

  it('gets the notice and the message together where it keeps up again', async () => {
    client.isSlow = true
    void run({ overflow: 'drop-oldest', lossNotice: (lost) => `${lost} lost` })
    deliver('a', 'b', 'c')
    client.isSlow = false
    await client.take()
    expect(client.items).to.deep.equal(['head', '1 lost', 'b', 'c'])
  })

  it('waits for the notice to be taken before it gets the message', async () => {
    client.isSlow = true
    void run({ overflow: 'drop-oldest', lossNotice: (lost) => `${lost} lost` })
    deliver('a', 'b', 'c')
    await client.take()
    expect(client.items).to.deep.equal(['head', '1 lost'])
    await client.take()
    expect(client.items).to.deep.equal(['head', '1 lost', 'b'])
  })

  it('is told of no loss where nobody says how', async () => {
    client.isSlow = true
    void run({ overflow: 'drop-newest' })
    deliver('a', 'b', 'c')
    client.isSlow = false
    await client.take()
    expect(client.items).to.deep.equal(['head', 'a', 'b'])
  })

  it('ends with the first reason that it is given, and gets nothing more', async () => {
    const over = run()
    reader.end(ending)
    reader.end({ code: 'OTHER', message: 'too late' })
    deliver('a')
    expect(await over).to.deep.equal(ending)
    expect(client.items).to.deep.equal(['head'])
  })

  it('ends without a reason when its call is cancelled', async () => {
    const over = run()
    client.call.abort(new CancelledError('unsubscribed'))
    expect(await over).to.equal(undefined)
    deliver('a')
    expect(client.items).to.deep.equal(['head'])
  })

  it('ends with the reason for which its session was ended, unless it had one already', async () => {
    const gone = new ServerError('banned', { code: 'SESSION_ENDED' })
    const over = run()
    client.call.abort(gone)
    expect(await over).to.deep.equal({ code: 'SESSION_ENDED', message: 'banned' })
    client = new Client()
    const ended = run()
    reader.end(ending)
    client.call.abort(gone)
    expect(await ended).to.deep.equal(ending)
  })

  it('ends without a reason when its call is aborted by anything but an error of ours', async () => {
    const over = run()
    client.call.abort({ code: 'SESSION_ENDED', message: 'no error at all' })
    expect(await over).to.equal(undefined)
  })

  it('follows its call no longer when it is over', async () => {
    const over = run()
    reader.end({ code: 'X', message: 'first' })
    await over
    client.call.abort(new ServerError('banned', { code: 'SESSION_ENDED' }))
    expect(await over).to.deep.equal({ code: 'X', message: 'first' })
  })

  it('ends as too slow where its client is there, and as cut off where it is away: that one comes again', async () => {
    for (const [isConnected, code] of [
      [true, 'BUSY'],
      [false, 'LINK_LOST'],
    ] as const) {
      client = new Client()
      client.isSlow = true
      const over = run()
      client.isConnected = isConnected
      deliver('a', 'b', 'c')
      expect(await over).to.have.property('code', code)
    }
  })

  it('ends with the error that a push throws, whether its client is away or not', async () => {
    client.isConnected = false
    client.failure = new ServerError('no such thing', { code: 'UNSENDABLE' as never })
    expect(await run()).to.deep.equal({ code: 'UNSENDABLE', message: 'no such thing' })
    client.failure = new Error('odd')
    expect(await run()).to.deep.equal({ code: 'INTERNAL', message: 'Error: odd' })
  })

  it('keeps the reason with which it was ended where a push fails afterwards', async () => {
    client.isSlow = true
    const over = run()
    reader.end(ending)
    client.fail(new BusyError('too late'))
    expect(await over).to.deep.equal(ending)
  })
})
