// What strangers send to the actions of channels, and what a server has to be told of a channel: wrong shapes are
// refused with what is wrong, and leave nothing behind.
import { expect } from 'chai'
import { z } from 'zod'
import { Channel, type ChannelOptions, type Client, type Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, World } from '../setup/world.ts'

class News extends Channel<string> {
  override canPublish(): boolean {
    return true
  }
}

class Kept extends Channel<string> {
  static override history = { size: 3, ttlMs: 1_000 }
}

describe('The actions of channels', () => {
  let world: World
  let server: Server
  let client: Client

  beforeEach(async () => {
    world = new World()
    server = await world.serve([])
    server.addChannel(new News(), { maxRooms: 3, maxKeyLength: 10 }).addChannel(new Kept(), { maxRooms: 3 })
    client = world.client()
  })

  afterEach(() => world.close())

  const call = (verb: string, data?: unknown) =>
    world.clock.until(failureOf(client.runAction(`isock.channels.${verb}`, data, { retry: 0 })))

  for (const verb of ['subscribe', 'presence', 'members', 'publish']) {
    it(`refuse to ${verb} for what is no request`, async () => {
      for (const data of [
        undefined,
        null,
        7,
        'News',
        [],
        ['News'],
        {},
        { channel: 7 },
        { channel: '' },
        { channel: {} },
      ])
        expect(await call(verb, data), JSON.stringify(data)).to.include({ code: 'BAD_REQUEST' })
      expect(await call(verb, { channel: 'x'.repeat(201) })).to.include({
        code: 'BAD_REQUEST',
        message: 'channel: expected a string of 1 to 200 characters, got a string of 201 characters',
      })
      for (const key of ['', 7, null, {}, ['a'], 'x'.repeat(11)])
        expect(await call(verb, { channel: 'News', key }), JSON.stringify(key)).to.include({ code: 'BAD_REQUEST' })
      for (const channel of ['constructor', '__proto__', 'hasOwnProperty'])
        expect(await call(verb, { channel })).to.include({ code: 'UNKNOWN_CHANNEL' })
      expect(server.channel(News).roomCount).to.equal(0)
    })
  }

  it('refuse to subscribe after what is no place', async () => {
    const wrong = [
      null,
      7,
      'newest',
      [],
      {},
      { epoch: 'e' },
      { epoch: 7, offset: 1 },
      { epoch: 'x'.repeat(101), offset: 1 },
      { epoch: 'e', offset: -1 },
      { epoch: 'e', offset: 1.5 },
      { epoch: 'e', offset: Number.NaN },
      { epoch: 'e', offset: 2 ** 60 },
      { epoch: 'e', offset: '1' },
      { epoch: 'e', offset: 1, session: 7 },
      { epoch: 'e', offset: 1, session: 'x'.repeat(101) },
    ]
    for (const since of wrong)
      expect(await call('subscribe', { channel: 'News', since }), JSON.stringify(since)).to.include({
        code: 'BAD_REQUEST',
      })
    expect(server.channel(News).readerCount()).to.equal(0)
  })

  it('take no more rooms than they may, and forget those that nobody is in', async () => {
    const rooms = ['a', 'b', 'c'].map((key) => client.subscribe(News, { key }))
    await Promise.all(rooms.map(({ ready }) => world.clock.until(ready)))
    const failure = await world.clock.until(failureOf(client.subscribe(News, { key: 'd' }).ready))
    expect(failure).to.include({ code: 'BUSY' })
    expect(failure.message).to.contain('channel "News" already has 3 rooms').and.contain('maxRooms')
    await world.clock.until(client.subscribe(News).ready)
    rooms[0]?.unsubscribe()
    await settle()
    await world.clock.until(client.subscribe(News, { key: 'd' }).ready)
  })

  it('give the place of a room where nothing was said to the next, and never that of another', async () => {
    const kept = server.channel(Kept)
    await kept.publish('something', { key: 'said' })
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const subscription = client.subscribe(Kept, { key })
      await world.clock.until(subscription.ready)
      subscription.unsubscribe()
      await settle()
    }
    expect(kept.roomCount).to.equal(3)
    expect(kept.history({ key: 'said' })).to.have.length(1)
    // Those that somebody is in stay as well.
    const [one, two] = [client.subscribe(Kept, { key: 'one' }), client.subscribe(Kept, { key: 'two' })]
    await Promise.all([one, two].map(({ ready }) => world.clock.until(ready)))
    const failure = await world.clock.until(failureOf(client.subscribe(Kept, { key: 'three' }).ready))
    expect(failure).to.include({ code: 'BUSY' })
  })

  it('leave no room behind for a message that cannot travel', async () => {
    const kept = server.channel(Kept)
    const failure = await failureOf(kept.publish((() => undefined) as never, { key: 'new' }))
    expect(failure).to.include({ code: 'UNSENDABLE' })
    expect(kept.roomCount).to.equal(0)
  })

  it('keep rooms with a history as long as it is kept', async () => {
    const kept = server.channel(Kept)
    for (const key of ['a', 'b', 'c']) await kept.publish('x', { key })
    expect(await failureOf(kept.publish('x', { key: 'd' }))).to.include({ code: 'BUSY' })
    expect(kept.roomCount).to.equal(3)
    await world.clock.advance(2_000)
    expect(kept.roomCount).to.equal(0)
    await kept.publish('x', { key: 'd' })
  })

  it('forget rooms of different ages, each when what it keeps is old', async () => {
    const kept = server.channel(Kept)
    await kept.publish('x', { key: 'a' })
    await world.clock.advance(500)
    await kept.publish('x', { key: 'b' })
    await world.clock.advance(700)
    expect(kept.roomCount).to.equal(1)
    expect(kept.history({ key: 'b' })).to.have.length(1)
    await kept.publish('x', { key: 'c' })
    await world.clock.advance(500)
    expect(kept.roomCount).to.equal(1)
    await world.clock.advance(1_000)
    expect(kept.roomCount).to.equal(0)
  })

  it('check messages by a schema that answers later, whoever publishes', async () => {
    class Checked extends Channel<string> {
      static override schema = z.string().transform(async (text) => {
        await settle()
        return text.toUpperCase()
      })

      override canPublish(_session: unknown, message: string): boolean {
        return message === message.toUpperCase()
      }
    }
    server.addChannel(new Checked())
    const subscription = client.subscribe(Checked)
    await world.clock.until(subscription.ready)
    await server.publish(Checked, 'server')
    await world.clock.until(client.publish(Checked, 'client'))
    await server.channel(Checked).publish('handle')
    const seen: string[] = []
    for await (const message of subscription) if (seen.push(message) === 3) break
    expect(seen).to.deep.equal(['SERVER', 'CLIENT', 'HANDLE'])
    expect(await failureOf(server.publish(Checked, 7 as never))).to.include({ code: 'INVALID_INPUT' })
    expect(await world.clock.until(failureOf(client.publish(Checked, 7 as never)))).to.include({
      code: 'INVALID_INPUT',
    })
  })

  it('heed the options that come after a handler', async () => {
    const seen: string[] = []
    const subscription = client.subscribe(News, (message) => void seen.push(message), { key: 'kitchen' })
    const presence = client.watchPresence(News, () => undefined, { key: 'kitchen' })
    await world.clock.until(Promise.all([subscription.ready, presence.ready]))
    await server.channel(News).publish('to the kitchen', { key: 'kitchen' })
    await server.channel(News).publish('to all others')
    await settle()
    expect(seen).to.deep.equal(['to the kitchen'])
    expect(presence.members).to.have.length(1)
  })

  it('bring the next message to a handler when it is done with the one before', async () => {
    const seen: string[] = []
    const subscription = client.subscribe(News, async (message) => {
      seen.push(`${message} begins`)
      await settle()
      seen.push(`${message} ends`)
    })
    await world.clock.until(subscription.ready)
    for (const message of ['one', 'two']) await server.publish(News, message)
    for (let turn = 0; turn < 5; turn++) await settle()
    expect(seen).to.deep.equal(['one begins', 'one ends', 'two begins', 'two ends'])
  })

  it('keep as many messages as the history says, however many there were', async () => {
    class Small extends Channel<string> {
      static override history = { size: 3, maxBytes: 200 }
    }
    server.addChannel(new Small())
    for (let i = 0; i < 100; i++) await server.publish(Small, 'x')
    expect(server.channel(Small).history()).to.have.length(3)
  })

  it('begin with the next message where the oldest is asked for and there is none', async () => {
    const subscription = client.subscribe(Kept, { since: 'oldest' })
    await world.clock.until(subscription.ready)
    expect(subscription.position?.offset).to.equal(0)
  })

  it('say to the channel which room a message is for', async () => {
    const asked: unknown[] = []
    class Asked extends Channel<string> {
      override canPublish(_session: unknown, message: string, key: string | undefined): boolean {
        asked.push([message, key])
        return true
      }

      override canSubscribe(_session: unknown, key: string | undefined): boolean {
        asked.push(key)
        return true
      }
    }
    server.addChannel(new Asked())
    await world.clock.until(client.publish(Asked, 'one'))
    await world.clock.until(client.publish(Asked, 'two', { key: 'kitchen' }))
    await world.clock.until(client.subscribe(Asked).ready)
    await world.clock.until(client.subscribe(Asked, { key: 'kitchen' }).ready)
    expect(asked).to.deep.equal([['one', undefined], ['two', 'kitchen'], undefined, 'kitchen'])
  })

  it('are ended by `await using`', async () => {
    const subscription = client.subscribe(News)
    await world.clock.until(subscription.ready)
    await subscription[Symbol.asyncDispose]()
    await settle()
    expect(subscription.isOver).to.equal(true)
    expect(server.channel(News).readerCount()).to.equal(0)
  })

  it('make no room for what nobody hears', async () => {
    for (let i = 0; i < 10; i++) await world.clock.until(client.publish(News, 'hello', { key: `k${i}` }))
    expect(server.channel(News).roomCount).to.equal(0)
  })

  it('wait no longer for canSubscribe than the client does', async () => {
    class Slow extends Channel<string> {
      override canSubscribe(): Promise<boolean> {
        return new Promise(() => undefined)
      }
    }
    server.addChannel(new Slow(), { maxPerSession: 1 })
    const first = client.subscribe(Slow)
    await settle()
    first.unsubscribe()
    await settle()
    const second = client.subscribe(Slow)
    await settle()
    expect(second.isOver, 'the first one counts no more').to.equal(false)
    second.unsubscribe()
    await settle()
  })

  it('refuse a message that no frame could carry, and go on', async () => {
    const subscription = client.subscribe(News)
    await world.clock.until(subscription.ready)
    const news = server.channel(News)
    expect(await failureOf(news.publish('x'.repeat(5 * 1024 * 1024)))).to.include({ code: 'TOO_LARGE' })
    expect(await failureOf(news.publish((() => undefined) as unknown as string))).to.include({ code: 'UNSENDABLE' })
    await news.publish('small')
    for await (const message of subscription) {
      expect(message).to.equal('small')
      break
    }
    expect(subscription.position?.offset).to.equal(1)
  })

  /** In the place of the real one: what a client gets from a server that means it ill. */
  const lyingClient = async (items: readonly unknown[], ending?: unknown) => {
    const other = await world.serve([], {}, 'liar')
    const lie = async function* () {
      yield* items
      return ending
    }
    const liar = world.client({}, 'liar')
    other.addActions({ lie })
    const original = liar.runAction.bind(liar) as (...args: unknown[]) => unknown
    liar.runAction = ((_action: unknown, data: unknown, options: object) =>
      original('lie', data, options)) as typeof liar.runAction
    return liar
  }
  const head = { epoch: 'e', offset: 0, recovered: true, session: 's' }

  it('end a subscription whose server sends what is no item', async () => {
    for (const items of [[7], [head, 'what?']]) {
      const liar = await lyingClient(items)
      const failure = await world.clock.until(failureOf(itemsOf(liar.subscribe(News))))
      expect(failure).to.include({ code: 'PROTOCOL' })
    }
  })

  it('end a subscription whose server does not say why it ends', async () => {
    const noReasons = [
      undefined,
      null,
      7,
      {},
      { code: 'SHUTTING_DOWN' },
      { message: 'gone' },
      { code: 7, message: 'gone' },
    ]
    for (const ending of noReasons) {
      const liar = await lyingClient([head, [1, 'one']], ending)
      const subscription = liar.subscribe(News)
      expect(await world.clock.until(failureOf(subscription.done)), JSON.stringify(ending)).to.include({
        code: 'PROTOCOL',
        message: 'the server ended the subscription and gave no reason',
      })
      expect((await subscription[Symbol.asyncIterator]().next()).value).to.equal('one')
    }
    const liar = await lyingClient([head], { code: 'NOT_ALLOWED', message: 'no longer' })
    const failure = await world.clock.until(failureOf(liar.subscribe(News).done))
    expect(failure).to.include({ code: 'NOT_ALLOWED', message: 'no longer' })
  })
})

describe('A channel that is added', () => {
  let world: World
  let server: Server

  beforeEach(async () => {
    world = new World()
    server = await world.serve([])
  })

  afterEach(() => world.close())

  it('has a class with right statics, a name of its own, and is an instance', () => {
    const refused = (channel: unknown, message: string | RegExp) =>
      expect(() => server.addChannel(channel as Channel)).to.throw(message)
    class NoSchema extends Channel {
      static override schema = {} as never
    }
    class NoOverflow extends Channel {
      static override overflow = 'block' as never
    }
    class NoSize extends Channel {
      static override history = { size: 0 }
    }
    class NoTtl extends Channel {
      static override history = { size: 1, ttlMs: -1 }
    }
    class NoName extends Channel {
      static override channelName = ''
    }
    refused(new NoSchema(), 'static schema of channel "NoSchema" is not a Standard Schema')
    refused(new NoOverflow(), 'static overflow of channel "NoOverflow": expected drop-reader, drop-oldest, drop-newest')
    refused(new NoSize(), 'static history.size of channel "NoSize": expected a number above 0, got 0')
    refused(new NoTtl(), 'static history.ttlMs of channel "NoTtl"')
    refused(new NoName(), "a channel's name is a string of 1 to 200 characters")
    refused(News, 'expected an instance of a Channel subclass, got the function or class News; pass new News()')
    refused({}, 'expected an instance of a Channel subclass, got an instance of Object')
    server.addChannel(new News())
    refused(new News(), 'channel "News" is already added; remove it first')
  })

  it('has bounds that are numbers', () => {
    for (const option of [
      'maxRooms',
      'maxKeyLength',
      'maxPerSession',
      'maxQueued',
      'maxQueuedBytes',
      'presenceGraceMs',
    ])
      expect(() => server.addChannel(new News(), { [option]: -1 } as ChannelOptions)).to.throw(`option ${option}`)
    expect(() => server.addChannel(new News(), { size: 1 } as ChannelOptions)).to.throw('unknown option "size"')
    expect(server.removeChannel(News)).to.equal(false)
    // Without rooms with keys, and without a grace, there can be a channel. Without a place for one message there cannot.
    for (const option of ['maxRooms', 'presenceGraceMs']) {
      server.addChannel(new News(), { [option]: 0 } as ChannelOptions)
      expect(server.removeChannel(News)).to.equal(true)
    }
    for (const option of ['maxKeyLength', 'maxPerSession', 'maxQueued', 'maxQueuedBytes'])
      for (const value of [0, Number.NaN, '1'])
        expect(() => server.addChannel(new News(), { [option]: value } as ChannelOptions)).to.throw(`option ${option}`)
  })

  it('keeps a history within bounds that are numbers', () => {
    class Kept extends Channel {}
    const add = (history: object) => {
      Kept.history = history as never
      server.addChannel(new Kept())
      return server.removeChannel(Kept)
    }
    for (const history of [{ size: 1 }, { size: 1, ttlMs: 0.5, maxBytes: 1 }]) expect(add(history)).to.equal(true)
    for (const size of [0, -1, 1.5, '1', undefined])
      expect(() => add({ size })).to.throw('static history.size of channel "Kept": expected a number above 0')
    for (const option of ['ttlMs', 'maxBytes'])
      for (const value of [0, -1, '1', null])
        expect(() => add({ size: 1, [option]: value })).to.throw(`static history.${option} of channel "Kept"`)
    expect(() => add({ size: 1, ttl: 1 })).to.throw('unknown option "ttl"')
  })

  it('is subscribed to by its class or its name, with options that are right', () => {
    const client = world.client()
    expect(() => client.subscribe(new News() as never)).to.throw('is not a channel class')
    expect(() => client.subscribe(News, { key: '' })).to.throw('option key')
    expect(() => client.subscribe(News, { retry: -1 })).to.throw('option retry')
    expect(() => server.channel(News)).to.throw('unknown channel "News"')
  })
})
