// The channels of a client: what it asks for whom, which rooms and options it refuses, and how all ends with it.
import { expect } from 'chai'
import { ClientError, ServerError } from '../../lib/core/base/errors.ts'
import { Channel } from '../../lib/features/channels/channel.ts'
import { ListMembers, Publish, Subscribe, WatchPresence } from '../../lib/features/channels/channel-actions.ts'
import { ChannelClient } from '../../lib/features/channels/channel-client.ts'
import { PresenceWatch } from '../../lib/features/channels/presence-watch.ts'
import { end } from '../../lib/features/channels/resuming-stream.ts'
import { Subscription } from '../../lib/features/channels/subscription.ts'
import { settle } from '../setup/virtual-clock.ts'
import { ScriptedChannels } from './scripted-channels.ts'

class News extends Channel<string> {}

describe('ChannelClient', () => {
  let server: ScriptedChannels
  let channels: ChannelClient

  beforeEach(() => {
    server = new ScriptedChannels()
    channels = new ChannelClient(server.kit)
  })

  afterEach(() => channels.close())

  const head = { epoch: 'one', offset: 0, recovered: true, session: 's1' }

  it('subscribes to a channel by its class or its name, to a room by its key', () => {
    const subscriptions = [
      channels.subscribe(News),
      channels.subscribe('News', { key: 'a' }),
      channels.subscribe(News, undefined, { key: 'b' }),
    ]
    for (const each of subscriptions) expect(each).to.be.instanceOf(Subscription)
    expect(server.calls.map(({ action }) => action)).to.deep.equal([Subscribe, Subscribe, Subscribe])
    expect(server.calls.map(({ data }) => data)).to.deep.equal([
      { channel: 'News' },
      { channel: 'News', key: 'a' },
      { channel: 'News' },
    ])
  })

  it('hands messages to a handler, with options behind it or without', async () => {
    const heard: string[] = []
    channels.subscribe(News, (message) => heard.push(message), { key: 'a' })
    expect(server.call.data).to.deep.equal({ channel: 'News', key: 'a' })
    server.call.give(head, [1, 'one'])
    channels.subscribe(News, (message) => heard.push(message))
    server.call.give(head, [1, 'two'])
    await settle()
    expect(heard).to.deep.equal(['one', 'two'])
  })

  it('watches who is present', async () => {
    const heard: unknown[] = []
    expect(channels.watchPresence(News, (event) => heard.push(event), { key: 'a' })).to.be.instanceOf(PresenceWatch)
    expect(server.call.action).to.equal(WatchPresence)
    expect(server.call.data).to.deep.equal({ channel: 'News', key: 'a' })
    server.call.give({ members: [] }, ['join', { session: 's', info: 1 }])
    await settle()
    expect(heard).to.have.length(1)
    channels.watchPresence('News', { key: 'b' })
    expect(server.call.data).to.deep.equal({ channel: 'News', key: 'b' })
  })

  it('publishes, and settles when the server has taken it', async () => {
    let isTaken = false
    const published = channels.publish(News, 'it works', { key: 'a', timeoutMs: 5 }).then((value) => {
      isTaken = true
      return value
    })
    await settle()
    expect(isTaken).to.equal(false)
    expect(server.call.action).to.equal(Publish)
    expect(server.call.data).to.deep.equal({ channel: 'News', key: 'a', message: 'it works' })
    expect(server.call.options).to.deep.equal({ timeoutMs: 5 })
    server.call.end('anything')
    expect(await published).to.equal(undefined)
    void channels.publish(News, 'to the room without a key')
    expect(server.call.data).to.deep.equal({ channel: 'News', message: 'to the room without a key' })
    server.call.end(undefined)
  })

  it('lists who is present', async () => {
    const members = [{ session: 's', info: {} }]
    const listed = channels.presence(News, { key: 'a', timeoutMs: 5 })
    expect(server.call.action).to.equal(ListMembers)
    expect(server.call.data).to.deep.equal({ channel: 'News', key: 'a' })
    expect(server.call.options).to.deep.equal({ timeoutMs: 5 })
    server.call.end(members)
    expect(await listed).to.equal(members)
  })

  it('refuses options that there are not', async () => {
    expect(() => channels.subscribe(News, { kye: 'a' } as object)).to.throw(ClientError, 'kye')
    expect(() => channels.watchPresence(News, { since: 'oldest' } as object)).to.throw(ClientError, 'since')
    const refused = (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => 'taken',
        (error: Error) => error.message,
      )
    expect(await refused(channels.publish(News, 'a', { retry: 1 } as object))).to.include('retry')
    expect(await refused(channels.presence(News, { retry: 1 } as object))).to.include('retry')
    expect(server.calls).to.deep.equal([])
  })

  it('refuses keys, names and classes that are none', () => {
    for (const key of ['', 7 as never]) expect(() => channels.subscribe(News, { key })).to.throw(ClientError, 'key')
    expect(() => channels.subscribe('')).to.throw(ServerError, "a channel's name")
    expect(() => channels.subscribe(class Other {} as never)).to.throw(ServerError, 'Other is not a channel class')
  })

  it('refuses a second class of one name', () => {
    channels.subscribe(News)
    const other = class News extends Channel<number> {
      override canPublish(): boolean {
        return true
      }
    }
    expect(() => channels.subscribe(other)).to.throw(ServerError, 'two different classes are called channel "News"')
  })

  it('ends all that is open with the client, and opens nothing more', async () => {
    const [subscription, watch] = [channels.subscribe(News), channels.watchPresence(News)]
    const reasons = [subscription.done, watch.done].map((done) => done.catch((error: ClientError) => error.code))
    channels.close()
    expect(await Promise.all(reasons)).to.deep.equal(['CLOSED', 'CLOSED'])
    expect(() => channels.subscribe(News)).to.throw(ClientError, 'the client is closed')
    expect(server.calls).to.have.length(2)
  })

  it('keeps nothing of a subscription that is over', async () => {
    const subscription = channels.subscribe(News)
    subscription.unsubscribe()
    await subscription.done
    let ends = 0
    subscription[end] = () => void ends++
    channels.close()
    expect(ends).to.equal(0)
  })
})
