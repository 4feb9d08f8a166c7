// The streams of one Igor client: which may start, how many are open, and what is known of those that ended.
import { expect } from 'chai'
import { OpenStreams } from '../../../lib/gateways/igor/open-streams.ts'
import type { StreamOptions } from '../../../lib/gateways/igor/stream.ts'
import { settle } from '../../setup/virtual-clock.ts'

/** A call that ends when it is told to. */
class Call {
  readonly id = 1
  readonly cancelled: string[] = []
  readonly #ended: Promise<void>
  #end: () => void = () => undefined

  constructor() {
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  async *[Symbol.asyncIterator]() {
    await this.#ended
  }

  cancel(reason: string): void {
    this.cancelled.push(reason)
  }

  end(): void {
    this.#end()
  }
}

function streamsOf({ maxStreams = 2, maxInputBytes = 100 } = {}) {
  const state = { isAway: false, held: 0 }
  const sent: string[] = []
  const over: unknown[] = []
  const streams = new OpenStreams({
    maxStreams,
    maxInputBytes,
    mayComeBack: () => state.isAway,
    held: {
      change: (by: number) => {
        state.held += by
      },
    } as never,
  })
  const begin = (streamId: string | number, bytes = 1, local: object = {}) => {
    const call = new Call()
    const options = {
      streamId,
      local: Object.assign(local, { runAction: () => call }),
      action: 'a',
      data: 1,
      bytes,
      outbox: { push: (text: string) => sent.push(text) },
    }
    streams.begin(options as unknown as StreamOptions, ({ streamId: id }) => over.push([id, streams.has(id)]))
    return call
  }
  return { streams, begin, sent, over, state }
}

const refused = (streams: OpenStreams, id: string | number, bytes = 1) => {
  const refusal = streams.refusalOf(id, bytes)
  return refusal && [refusal.status, refusal.message]
}

describe('The open streams of an Igor client', () => {
  it('have ids of their own', () => {
    const { streams, begin } = streamsOf()
    begin('1')
    expect([streams.has('1'), streams.has(1), streams.count]).to.deep.equal([true, false, 1])
    expect(refused(streams, '1')).to.deep.equal([409, 'stream "1" is already open; choose another streamId'])
    expect(refused(streams, 1)).to.equal(undefined)
  })

  it('are at most so many', async () => {
    const { streams, begin } = streamsOf()
    begin(1)
    expect(refused(streams, 3)).to.equal(undefined)
    const second = begin(2)
    const full = [503, '2 streams are open; wait until some have closed']
    expect(refused(streams, 3)).to.deep.equal(full)
    streams.muteAll()
    expect(refused(streams, 1)).to.deep.equal(full)
    second.end()
    await settle()
    expect(refused(streams, 1)).to.equal(undefined)
  })

  it('hold at most so much, until they end', async () => {
    const { streams, begin, state } = streamsOf()
    const call = begin(1, 60)
    expect(state.held).to.equal(60 + 1024)
    expect(refused(streams, 2, 40)).to.equal(undefined)
    expect(refused(streams, 2, 41)).to.deep.equal([
      503,
      'the open streams hold too much data; wait until some have closed',
    ])
    call.end()
    await settle()
    expect(refused(streams, 2, 100)).to.equal(undefined)
    expect(refused(streams, 2, 101)).to.have.length(2)
    expect(state.held).to.equal(0)
  })

  it('are removed before it is told that they are over', async () => {
    const { streams, begin, over } = streamsOf()
    begin(1).end()
    await settle()
    expect([over, streams.count, streams.unreportedIds]).to.deep.equal([[[1, false]], 0, []])
  })

  it('are reported when they ended while the client was away', async () => {
    const { streams, begin, state } = streamsOf()
    begin(1)
    const call = begin(2)
    state.isAway = true
    call.end()
    await settle()
    expect([streams.unreportedIds, streams.count]).to.deep.equal([[1, 2], 1])
    streams.forgetEnded()
    expect(streams.unreportedIds).to.deep.equal([1])
  })

  it('continue when they are muted, and leave their ids', async () => {
    const { streams, begin, sent, over, state } = streamsOf()
    const call = begin(1)
    streams.muteAll()
    expect([streams.has(1), streams.count, streams.unreportedIds]).to.deep.equal([false, 1, []])
    const again = begin(1)
    state.isAway = true
    call.end()
    await settle()
    expect([streams.has(1), streams.count, streams.unreportedIds]).to.deep.equal([true, 1, [1]])
    expect([sent, over]).to.deep.equal([[], [[1, true]]])
    again.end()
    await settle()
    expect([streams.count, sent.length, call.cancelled]).to.deep.equal([0, 1, []])
  })

  it('are cancelled one by one, or all, the muted ones too', () => {
    const { streams, begin } = streamsOf()
    const first = begin(1)
    const second = begin(2)
    streams.cancel(2, 'one')
    streams.cancel(3, 'none')
    expect([first.cancelled, second.cancelled]).to.deep.equal([[], ['one']])
    streams.muteAll()
    const third = begin(3)
    streams.cancelAll('all')
    expect([first, second, third].map(({ cancelled }) => cancelled)).to.deep.equal([['all'], ['one', 'all'], ['all']])
  })

  it('are waited for', async () => {
    const { streams, begin } = streamsOf()
    await streams.whenNone()
    const calls = [begin(1), begin(2)]
    const states: string[] = []
    for (const name of ['a', 'b']) void streams.whenNone().then(() => states.push(name))
    calls[0]?.end()
    await settle()
    expect(states).to.deep.equal([])
    calls[1]?.end()
    await settle()
    expect(states).to.deep.equal(['a', 'b'])
  })

  it('know the clients of the server that they run on', () => {
    const { streams, begin } = streamsOf({ maxStreams: 9 })
    const [one, two, none] = [{}, {}, {}]
    begin(1, 1, one)
    begin(2, 1, one)
    streams.muteAll()
    begin(3, 1, two)
    expect([...streams.locals()])
      .to.have.members([one, two])
      .and.have.length(2)
    expect([one, two, none].map((local) => streams.runOn(local as never))).to.deep.equal([true, true, false])
  })
})
