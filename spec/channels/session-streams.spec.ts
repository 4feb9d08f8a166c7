// The streams that a session has of a channel: as many as it may, each counted once, and none that has ended.
import { expect } from 'chai'
import { placeBytes } from '../../lib/core/accounting/held.ts'
import { type Meter, unaccounted } from '../../lib/core/accounting/meter.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { SessionStreams } from '../../lib/features/channels/session-streams.ts'
import { BusyError } from '../../lib/index.ts'

/** What streams ask of a session, and what they hold there. */
class Session {
  readonly id: string
  readonly #meters = new Map<number, Meter>()

  constructor(id: string) {
    this.id = id
  }

  held(kind: number): Meter {
    const meter = this.#meters.get(kind) ?? unaccounted.meter(kind as Parameters<typeof unaccounted.meter>[0])
    this.#meters.set(kind, meter)
    return meter
  }

  get heldStreams(): number {
    return [...this.#meters.values()].reduce((sum, { bytes }) => sum + bytes, 0) / placeBytes.stream
  }

  get own(): ServerSession {
    return this as unknown as ServerSession
  }
}

describe('The streams of a session', () => {
  it('are as many as it may have of the channel; one that ends makes room for one', () => {
    const streams = new SessionStreams(3, 'channel "News"')
    const [cat, dog, nobody] = [new Session('cat'), new Session('dog'), new Session('nobody')]
    const begin = (key: string, session = cat) => streams.add(session.own, key)
    const [a, b, c] = ['a', 'b', 'c'].map((key) => begin(key)) as [
      ReturnType<typeof begin>,
      ReturnType<typeof begin>,
      ReturnType<typeof begin>,
    ]
    const full =
      'this session already has 3 subscriptions to channel "News"; end some, or raise the channel\'s option maxPerSession'
    expect(() => begin('d'))
      .to.throw(BusyError, full)
      .with.property('notStarted', false)
    expect([...streams.of('cat')].map(({ key }) => key)).to.deep.equal(['a', 'b', 'c'])
    // Others have their own.
    begin('a', dog)
    streams.remove(cat.own, b)
    streams.remove(cat.own, b)
    expect([...streams.of('cat')]).to.deep.equal([a, c])
    expect([cat.heldStreams, dog.heldStreams]).to.deep.equal([2, 1])
    streams.remove(cat.own, a)
    expect([...streams.of('cat')], 'the last one is still one').to.deep.equal([c])
    for (const key of ['e', 'f']) begin(key)
    expect(() => begin('g')).to.throw(BusyError)
    for (const stream of [...streams.of('cat')]) streams.remove(cat.own, stream)
    expect([...streams.of('cat')]).to.deep.equal([])
    expect(streams.of('dog').size).to.equal(1)
    expect(streams.of('nobody').size).to.equal(0)
    streams.remove(nobody.own, c)
    expect([cat, dog, nobody].map(({ heldStreams }) => heldStreams)).to.deep.equal([0, 1, 0])
  })

  it('begin without a reader, and for who their session is now', () => {
    const streams = new SessionStreams(1, 'channel "News"')
    const cat = new Session('cat').own
    const none = { reader: undefined, room: undefined, isStale: false, ending: undefined }
    expect(streams.add(cat, '')).to.deep.equal({ session: cat, key: '', ...none })
  })
})
