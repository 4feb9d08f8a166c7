// Channels by their names: for pages that have no classes of them.
import { expect } from 'chai'
import { Channel, type ChannelClass, type Client } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, World } from '../setup/world.ts'

class News extends Channel<string> {
  override canPublish(): boolean {
    return true
  }

  override presenceOf() {
    return { name: 'cat' }
  }
}

/** As programs without types give it. */
const named = (name: unknown) => name as ChannelClass<Channel<string>>

describe('A channel by its name', () => {
  let world: World
  let client: Client

  beforeEach(async () => {
    world = new World()
    ;(await world.serve([])).addChannel(new News())
    client = world.client()
  })

  afterEach(() => world.close())

  it('is subscribed to, published to, and watched, beside one by its class', async () => {
    const heard: unknown[] = []
    const seen: unknown[] = []
    await client.subscribe(named('News'), (message) => void heard.push(message)).ready
    await client.subscribe(News, (message) => void heard.push(message)).ready
    await client.watchPresence(named('News'), ({ event }) => void seen.push(event)).ready
    await client.publish(named('News'), 'one')
    await client.subscribe(named('News'), () => undefined, { key: 'red' }).ready
    await settle()
    expect(heard).to.deep.equal(['one', 'one'])
    expect((await client.presence(named('News'))).map(({ info }) => info)).to.deep.equal([{ name: 'cat' }])
  })

  it('is refused where the server has none of that name, or it is no name', async () => {
    expect((await failureOf(client.subscribe(named('Old')).ready)).message).to.contain('"Old"')
    for (const name of ['', 'x'.repeat(201)])
      expect(() => client.subscribe(named(name))).to.throw("a channel's name is a string of 1 to 200 characters")
    for (const none of [undefined, 5, {}])
      expect(() => client.subscribe(named(none))).to.throw('is not a channel class')
  })
})
