// The streams that a session has of a channel: as many as it may, each counted once, and none that has ended.
import { expect } from 'chai'
import { SessionStreams } from '../../lib/channels/session-streams.ts'
import { BusyError } from '../../lib/index.ts'

describe('The streams of a session', () => {
  it('are as many as it may have of the channel; one that ends makes room for one', () => {
    const streams = new SessionStreams(3, 'channel "News"')
    const begin = (key: string, session = 'cat') => streams.begin(session, key)
    const [a, b, c] = ['a', 'b', 'c'].map((key) => begin(key)) as [
      ReturnType<typeof begin>,
      ReturnType<typeof begin>,
      ReturnType<typeof begin>,
    ]
    const full = 'this session has 3 subscriptions to channel "News"; end some, or raise its option maxPerSession'
    expect(() => begin('d'))
      .to.throw(BusyError, full)
      .with.property('notStarted', false)
    expect([...streams.of('cat')].map(({ key }) => key)).to.deep.equal(['a', 'b', 'c'])
    // Others have their own.
    begin('a', 'dog')
    streams.end('cat', b)
    streams.end('cat', b)
    expect([...streams.of('cat')]).to.deep.equal([a, c])
    streams.end('cat', a)
    expect([...streams.of('cat')], 'the last one is still one').to.deep.equal([c])
    for (const key of ['e', 'f']) begin(key)
    expect(() => begin('g')).to.throw(BusyError)
    for (const stream of [...streams.of('cat')]) streams.end('cat', stream)
    expect([...streams.of('cat')]).to.deep.equal([])
    expect(streams.of('dog').size).to.equal(1)
    expect(streams.of('nobody').size).to.equal(0)
    streams.end('nobody', c)
  })

  it('begin without a reader, and for who their session is now', () => {
    const streams = new SessionStreams(1, 'channel "News"')
    expect(streams.begin('cat', '')).to.deep.equal({ key: '', reader: undefined, isStale: false })
  })
})
