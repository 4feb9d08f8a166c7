// What a channel class says when it is added: its name, its rules and their bounds; and what it allows by default.
import { expect } from 'chai'
import { ClientError, ServerError } from '../../lib/core/base/errors.ts'
import { Channel, type ChannelSession, channelNameOf, requireChannelName } from '../../lib/features/channels/channel.ts'
import { type ChannelOptions, rulesOf } from '../../lib/features/channels/channel-options.ts'

class News extends Channel<string> {}
const schema = { '~standard': { version: 1, vendor: 'none', validate: (value: unknown) => ({ value }) } } as const

/** A channel class with these statics. */
const channelWith = (statics: object): Channel => new (Object.assign(class Odd extends Channel {}, statics))()

function refusalOf(run: () => unknown, code: string): string {
  try {
    run()
  } catch (error) {
    expect(error).to.be.instanceOf(code === 'INVALID_OPTION' ? ClientError : ServerError)
    expect((error as ServerError).code).to.equal(code)
    return (error as Error).message
  }
  return 'it was taken'
}

describe('A channel class', () => {
  const session = (name?: string): ChannelSession => ({ name }) as ChannelSession

  it('lets everybody subscribe and no client publish, and lists a client by its name, unless it says otherwise', () => {
    const news = new News()
    expect(news.canSubscribe(session(), undefined)).to.equal(true)
    expect(news.canPublish(session(), 'a', undefined)).to.equal(false)
    expect(news.presenceOf(session('ada'))).to.deep.equal({ name: 'ada' })
    expect(news.presenceOf(session())).to.deep.equal({})
    expect(news.onJoin({ session: 'a', info: {} }, undefined)).to.equal(undefined)
    expect(news.onLeave({ session: 'a', info: {} }, undefined)).to.equal(undefined)
  })

  it('is known by its own name, or by its channelName', () => {
    expect(channelNameOf(News)).to.equal('News')
    class Named extends Channel {
      static override channelName = 'stories'
    }
    expect(channelNameOf(Named)).to.equal('stories')
  })

  it('is a subclass of Channel: what is none is refused by what it is', () => {
    const refused = (value: unknown): string => refusalOf(() => channelNameOf(value), 'INVALID_CHANNEL')
    expect(refused(new News())).to.include('an instance of News is not a channel class')
    expect(refused(class Other {})).to.include('Other is not a channel class')
    expect(refused(() => undefined)).to.include('a function is not a channel class')
    expect(refused(Channel)).to.include('Channel is not a channel class')
    expect(refused(undefined)).to.include('undefined is not a channel class')
  })

  it('is recognised where another copy of this library is its base', () => {
    class ChannelOfAnotherCopy {}
    Object.defineProperty(ChannelOfAnotherCopy.prototype, Symbol.for('isock.Channel'), { value: true })
    class Theirs extends ChannelOfAnotherCopy {}
    expect(channelNameOf(Theirs)).to.equal('Theirs')
  })

  it('has a name of 1 to 200 characters', () => {
    for (const name of ['a', 'a'.repeat(200)]) expect(requireChannelName(name)).to.equal(name)
    for (const name of ['', 'a'.repeat(201), 7, undefined])
      expect(refusalOf(() => requireChannelName(name), 'INVALID_CHANNEL')).to.include('1 to 200 characters')
  })
})

describe('The rules of a channel', () => {
  const defaults = {
    maxRooms: 10_000,
    maxKeyLength: 256,
    maxPerSession: 100,
    maxQueued: 1_024,
    maxQueuedBytes: 4 * 1024 * 1024,
    presenceGraceMs: 10_000,
  }

  it('are the defaults where nothing is said', () => {
    expect(rulesOf(new News())).to.deep.equal({
      ...defaults,
      name: 'News',
      label: 'channel "News"',
      description: undefined,
      schema: undefined,
      overflow: 'drop-reader',
      history: undefined,
      isDurable: false,
    })
  })

  it('are what the class says, within the bounds that are given', () => {
    const channel = channelWith({ schema, overflow: 'drop-oldest', history: { size: 1, ttlMs: 0.5, maxBytes: 2 } })
    const given = {
      maxRooms: 0,
      maxKeyLength: 1,
      maxPerSession: 1,
      maxQueued: 1,
      maxQueuedBytes: 1,
      presenceGraceMs: 0,
    }
    expect(rulesOf(channel, given)).to.deep.equal({
      ...given,
      name: 'Odd',
      isDurable: false,
      label: 'channel "Odd"',
      description: undefined,
      schema,
      overflow: 'drop-oldest',
      history: { size: 1, ttlMs: 0.5, maxBytes: 2 },
    })
    expect(rulesOf(channelWith({ overflow: 'drop-newest' })).overflow).to.equal('drop-newest')
  })

  it('keep a history for 5 minutes, up to 8 MiB', () => {
    const { history } = rulesOf(channelWith({ history: { size: 10 } }))
    expect(history).to.deep.equal({ size: 10, ttlMs: 300_000, maxBytes: 8 * 1024 * 1024 })
  })

  it('leave a bound at its default that is undefined', () => {
    expect(rulesOf(new News(), { maxRooms: undefined } as unknown as ChannelOptions).maxRooms).to.equal(10_000)
  })

  it('refuse bounds that are none, by name', () => {
    for (const option of ['maxKeyLength', 'maxPerSession', 'maxQueued', 'maxQueuedBytes'])
      expect(refusalOf(() => rulesOf(new News(), { [option]: 0 }), 'INVALID_OPTION')).to.include(option)
    for (const option of Object.keys(defaults))
      expect(refusalOf(() => rulesOf(new News(), { [option]: -1 }), 'INVALID_OPTION')).to.include(option)
    expect(refusalOf(() => rulesOf(new News(), { maxRoom: 1 } as object), 'INVALID_OPTION')).to.include('maxRoom')
  })

  it('refuse statics that are none, by name', () => {
    const refused = (statics: object): string => refusalOf(() => rulesOf(channelWith(statics)), 'INVALID_CHANNEL')
    for (const odd of [{}, { '~standard': {} }, { '~standard': { validate: 7 } }])
      expect(refused({ schema: odd })).to.include('static schema of channel "Odd" is not a Standard Schema')
    expect(refused({ overflow: 'drop' })).to.match(/static overflow of channel "Odd": expected drop-reader, .*"drop"/)
    for (const size of [0, -1, 1.5, '7', undefined])
      expect(refused({ history: { size } })).to.include('static history.size of channel "Odd"')
    for (const ttlMs of [0, -1, '7', null]) expect(refused({ history: { size: 1, ttlMs } })).to.include('history.ttlMs')
    for (const maxBytes of [0, Number.NaN])
      expect(refused({ history: { size: 1, maxBytes } })).to.include('history.maxBytes')
    const misspelt = (): unknown => rulesOf(channelWith({ history: { size: 1, ttl: 5 } }))
    expect(refusalOf(misspelt, 'INVALID_OPTION')).to.include('static history of channel "Odd"')
  })
})
