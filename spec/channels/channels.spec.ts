// Channels over every kind of link: subscribing, publishing, rooms, who may, presence, removal, the end of a server.
import { expect } from 'chai'
import { z } from 'zod'
import {
  Action,
  BusyError,
  Channel,
  type ChannelSession,
  type Client,
  type Context,
  type PresenceEvent,
  Server,
  ServerError,
  ValidationError,
} from '../../lib/index.ts'
import { Served, serverLinks } from '../setup/server-links.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

interface Story {
  readonly title: string
}

class News extends Channel<Story> {
  static override schema = z.object({ title: z.string().max(50) })
}

/** Rooms with a door: its key says who may come in, and everybody may talk. */
class Room extends Channel<string> {
  override canSubscribe({ name }: ChannelSession, key: string | undefined): boolean {
    if (key === 'cellar') throw new ServerError('the cellar is flooded', { code: 'NOT_ALLOWED' })
    return key !== 'attic' || name === 'owl'
  }

  override async canPublish(_session: ChannelSession, message: string): Promise<boolean> {
    return message !== 'shout'
  }

  override presenceOf({ name, id }: ChannelSession): { who: string } {
    return { who: name ?? id }
  }
}

class Tell extends Action {
  async action(title: string, context: Context) {
    await context.publish(News, { title }, { except: context.session.id })
  }
}

/** Whatever bytes and classes can travel. */
class Anything extends Channel<unknown> {
  static override history = { size: 10 }
}

async function take<T>(source: AsyncIterable<T>, count: number): Promise<T[]> {
  const iterator = source[Symbol.asyncIterator]()
  const taken: T[] = []
  while (taken.length < count) {
    const step = await iterator.next()
    if (step.done) break
    taken.push(step.value)
  }
  return taken
}

for (const link of serverLinks) {
  const { name, missing } = link
  describe(`Channels over ${name}`, () => {
    let served: Served
    let client: Client

    before(function () {
      if (missing !== undefined) skip(this, missing)
    })

    beforeEach(async () => {
      served = await Served.over(link)
      served.server.addChannel(new News()).addChannel(new Room()).addChannel(new Anything()).addAction(new Tell())
      client = await served.client({ name: 'cat' })
    })

    afterEach(() => served?.close())

    const titles = (count: number) => Array.from({ length: count }, (_, i) => ({ title: `story ${i}` }))

    it('bring what the server publishes to all that subscribed, in order', async () => {
      const other = await served.client()
      const subscriptions = [client.subscribe(News), client.subscribe(News), other.subscribe(News)]
      await Promise.all(subscriptions.map(({ ready }) => ready))
      for (const story of titles(50)) await served.server.channel(News).publish(story)
      for (const subscription of subscriptions) {
        expect(await take(subscription, 50)).to.deep.equal(titles(50))
        expect(subscription.position).to.include({ offset: 50 })
        expect(subscription.recovered).to.equal(true)
      }
    })

    it('give messages to a handler, one after the other', async () => {
      const seen: string[] = []
      const subscription = client.subscribe(News, async ({ title }) => {
        seen.push(`${title} begins`)
        await Promise.resolve()
        seen.push(`${title} ends`)
      })
      await subscription.ready
      for (const story of titles(2)) await served.server.publish(News, story)
      await waitFor(() => seen.length === 4)
      expect(seen).to.deep.equal(['story 0 begins', 'story 0 ends', 'story 1 begins', 'story 1 ends'])
      expect(() => subscription[Symbol.asyncIterator]()).to.throw('a handler already reads this stream')
      subscription.unsubscribe()
      await subscription.done
    })

    it('go on after a handler that throws', async () => {
      const seen: string[] = []
      const subscription = client.subscribe(News, ({ title }) => {
        seen.push(title)
        throw new Error('the handler failed')
      })
      await subscription.ready
      for (const story of titles(2)) await served.server.publish(News, story)
      await waitFor(() => seen.length === 2)
    })

    it('end with unsubscribe, and when a loop is left', async () => {
      const news = served.server.channel(News)
      const left = client.subscribe(News)
      const ended = client.subscribe(News)
      await Promise.all([left.ready, ended.ready])
      expect(news.readerCount()).to.equal(2)
      await news.publish({ title: 'one' })
      for await (const _ of left) break
      await left.done
      const waiting = take(ended, 2)
      ended.unsubscribe()
      expect(await waiting).to.have.length.lessThan(2)
      await ended.done
      await waitFor(() => news.readerCount() === 0)
    })

    it('end with a signal, as by unsubscribe, also where it has aborted before', async () => {
      const abort = new AbortController()
      const { signal } = abort
      const news = client.subscribe(News, { signal })
      const handled = client.subscribe(News, () => undefined, { signal })
      const presence = client.watchPresence(News, { signal })
      await Promise.all([news.ready, handled.ready, presence.ready])
      const ends = [news, presence].map((stream) => stream[Symbol.asyncIterator]().next())
      abort.abort(new Error('enough'))
      for (const end of await Promise.all(ends)) expect(end.done).to.equal(true)
      await Promise.all([news.done, handled.done, presence.done])
      await waitFor(() => served.server.channel(News).readerCount() === 0)
      const late = client.subscribe(News, { signal })
      expect((await failureOf(late.ready)).message).to.equal('the stream was ended before it was ready')
      await late.done
      expect((await late[Symbol.asyncIterator]().next()).done).to.equal(true)
      const asked = client.presence(News, { signal })
      expect((await failureOf(asked)).name).to.equal('CancelledError')
    })

    it('drain: what has come is handed over, and then they end', async () => {
      const news = served.server.channel(News)
      const handled: string[] = []
      let open: () => void = () => undefined
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      const slow = client.subscribe(News, async ({ title }) => {
        await gate
        handled.push(title)
      })
      const read = client.subscribe(News)
      await Promise.all([slow.ready, read.ready])
      for (const story of titles(20)) await news.publish(story)
      // The calls go over one link: when this is answered, they have come.
      await client.runAction(Tell, 'the last one')
      const expected = titles(20).map(({ title }) => title)
      const draining = [slow.drain(), read.drain()]
      await waitFor(() => news.readerCount() === 0)
      await news.publish({ title: 'too late' })
      expect(handled).to.deep.equal([])
      open()
      await Promise.all(draining)
      expect(handled).to.deep.equal(expected)
      expect((await take(read, 100)).map(({ title }) => title)).to.deep.equal(expected)
      await Promise.all([slow.done, read.done, slow.drain()])
    })

    it('carry bytes, dates and other rich values, encoded once', async () => {
      const subscription = client.subscribe(Anything)
      await subscription.ready
      const values = [
        new Uint8Array([1, 2, 3]),
        new Uint8Array(40_000),
        new Date(0),
        undefined,
        null,
        new Map([[1, 2n]]),
      ]
      for (const value of values) await served.server.publish(Anything, value)
      const came = await take(subscription, values.length)
      expect(came.map((value) => (value instanceof Uint8Array ? [...value] : value))).to.deep.equal(
        values.map((value) => (value instanceof Uint8Array ? [...value] : value)),
      )
    })

    it('keep rooms apart', async () => {
      const [kitchen, hall, none] = [
        client.subscribe(Room, { key: 'kitchen' }),
        client.subscribe(Room, { key: 'hall' }),
        client.subscribe(Room),
      ]
      await Promise.all([kitchen.ready, hall.ready, none.ready])
      const room = served.server.channel(Room)
      await room.publish('soup', { key: 'kitchen' })
      await room.publish('hat', { key: 'hall' })
      await room.publish('air')
      expect(await Promise.all([take(kitchen, 1), take(hall, 1), take(none, 1)])).to.deep.equal([
        ['soup'],
        ['hat'],
        ['air'],
      ])
      expect(kitchen.position?.offset).to.equal(1)
    })

    it('reach some by their sessions, or all but some', async () => {
      const other = await served.client()
      const [mine, theirs] = [client.subscribe(News), other.subscribe(News)]
      await Promise.all([mine.ready, theirs.ready])
      const news = served.server.channel(News)
      await news.publish({ title: 'for one' }, { to: client.sessionId })
      await news.publish({ title: 'for both' }, { to: [client.sessionId, other.sessionId] })
      await news.publish({ title: 'not for one' }, { except: client.sessionId })
      await other.runAction(Tell, 'told')
      expect(await take(mine, 3)).to.deep.equal([{ title: 'for one' }, { title: 'for both' }, { title: 'told' }])
      expect(await take(theirs, 2)).to.deep.equal([{ title: 'for both' }, { title: 'not for one' }])
      const failure = await failureOf(news.publish({ title: 'x' }, { to: 'nobody' }))
      expect(failure).to.include({ code: 'UNKNOWN_SESSION' })
      expect(failure.message).to.contain('channel "News"').and.contain('"nobody"')
    })

    it('refuse messages that their schema refuses, from the server and from clients', async () => {
      const wrong = { title: 7 } as unknown as Story
      expect(await failureOf(served.server.channel(News).publish(wrong))).to.be.instanceOf(ValidationError)
      expect(await failureOf(client.publish(News, wrong))).to.be.instanceOf(ValidationError)
      expect(served.server.channel(News).readerCount()).to.equal(0)
    })

    it('let clients publish where they may', async () => {
      const subscription = client.subscribe(Room, { key: 'hall' })
      await subscription.ready
      await client.publish(Room, 'hello', { key: 'hall' })
      expect(await take(subscription, 1)).to.deep.equal(['hello'])
      const shout = await failureOf(client.publish(Room, 'shout', { key: 'hall' }))
      expect(shout).to.include({ code: 'NOT_ALLOWED', message: 'this client may not publish to channel "Room"' })
      expect(await failureOf(client.publish(News, { title: 'mine' }))).to.include({ code: 'NOT_ALLOWED' })
    })

    it('refuse who may not subscribe, and say why', async () => {
      const attic = client.subscribe(Room, { key: 'attic' })
      const cellar = client.subscribe(Room, { key: 'cellar' })
      expect(await failureOf(attic.ready)).to.include({ code: 'NOT_ALLOWED' })
      expect(await failureOf(attic.done)).to.include({ message: 'this client may not subscribe to channel "Room"' })
      expect(await failureOf(take(cellar, 1))).to.include({ message: 'the cellar is flooded' })
      expect(await failureOf(client.presence(Room, { key: 'attic' }))).to.include({ code: 'NOT_ALLOWED' })
      expect(await failureOf(client.watchPresence(Room, { key: 'attic' }).ready)).to.include({ code: 'NOT_ALLOWED' })
      const owl = await served.client({ name: 'owl' })
      await owl.subscribe(Room, { key: 'attic' }).ready
      expect(served.server.channel(Room).roomCount).to.equal(1)
    })

    it('that are not there are named, with one that is like it', async () => {
      class New extends Channel<string> {}
      const failure = await failureOf(client.subscribe(New).ready)
      expect(failure).to.include({ code: 'UNKNOWN_CHANNEL', message: 'unknown channel "New"; did you mean "News"?' })
      expect(() => served.server.channel(New)).to.throw('unknown channel "New"')
      class Weather extends Channel<string> {}
      expect(() => served.server.channel(Weather)).to.throw(/^unknown channel "Weather"; there are News, \S+/)
      expect(() => new Server({ port: 0 }).channel(Weather)).to.throw('unknown channel "Weather"; there are none here')
      expect(await failureOf(served.server.publish(New, 'x'))).to.include({ code: 'UNKNOWN_CHANNEL' })
    })

    it('come and go while the server serves', async () => {
      const { server } = served
      const subscription = client.subscribe(News)
      const presence = client.watchPresence(News)
      await Promise.all([subscription.ready, presence.ready])
      const handle = server.channel(News)
      await handle.publish({ title: 'last' })
      expect(server.removeChannel(News)).to.equal(true)
      expect(server.removeChannel('News')).to.equal(false)
      expect(await take(subscription, 1)).to.deep.equal([{ title: 'last' }])
      const failure = await failureOf(take(subscription, 1))
      expect(failure).to.be.instanceOf(ServerError)
      expect(failure).to.include({ code: 'UNKNOWN_CHANNEL', message: 'channel "News" was removed from the server' })
      expect(await failureOf(presence.done)).to.include({ code: 'UNKNOWN_CHANNEL' })
      expect(await failureOf(handle.publish({ title: 'x' }))).to.include({ code: 'UNKNOWN_CHANNEL' })
      server.addChannel(new News())
      const again = client.subscribe(News)
      await again.ready
      await server.publish(News, { title: 'again' })
      expect(await take(again, 1)).to.deep.equal([{ title: 'again' }])
    })

    it('tell who is present, who comes and who goes', async () => {
      const seen: string[] = []
      const presence = client.watchPresence(Room, ({ event, member }: PresenceEvent<{ who: string }>) => {
        seen.push(`${event} ${member.info.who}`)
      })
      await presence.ready
      expect(presence.members).to.deep.equal([])
      const owl = await served.client({ name: 'owl' })
      const first = owl.subscribe(Room)
      const second = owl.subscribe(Room)
      await Promise.all([first.ready, second.ready])
      await client.subscribe(Room).ready
      await waitFor(() => seen.length === 2)
      const present = await client.presence(Room)
      expect(present.map(({ info }) => info.who)).to.deep.equal(['owl', 'cat'])
      expect(served.server.channel(Room).presence()).to.deep.equal(present)
      first.unsubscribe()
      second.unsubscribe()
      await waitFor(() => seen.length === 3)
      expect(seen).to.deep.equal(['join owl', 'join cat', 'leave owl'])
      expect(presence.members.map(({ session }) => session)).to.deep.equal([client.sessionId])
      presence.unsubscribe()
    })

    it('bound the subscriptions of a session', async () => {
      const { server } = served
      server.removeChannel(News)
      server.addChannel(new News(), { maxPerSession: 2 })
      const [first] = [client.subscribe(News), client.subscribe(News)]
      await first?.ready
      const third = client.subscribe(News)
      const failure = await failureOf(third.ready)
      expect(failure).to.be.instanceOf(BusyError)
      expect(failure.message).to.contain('maxPerSession')
      first?.unsubscribe()
      await waitFor(() => server.channel(News).readerCount() === 1)
      await client.subscribe(News).ready
    })

    it('end with the client, and with nothing left at the server', async () => {
      const subscription = client.subscribe(News)
      await subscription.ready
      await client.close()
      expect(await failureOf(subscription.done)).to.include({ code: 'CLOSED' })
      expect(() => client.subscribe(News)).to.throw('the client is closed')
      await waitFor(() => served.server.channel(News).readerCount() === 0)
      expect(served.server.channel(News).presence()).to.deep.equal([])
    })
  })
}
