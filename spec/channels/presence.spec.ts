// Who is present, where links break: a cut link is no leave until its grace is over.
import { expect } from 'chai'
import { Channel, type ChannelSession, type Client, type Member, type Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { World } from '../setup/world.ts'

const graceMs = 10_000
const leaseMs = 60_000

class Lobby extends Channel<string> {
  readonly heard: string[] = []

  override presenceOf({ name }: ChannelSession): { name: string } | undefined {
    return name === 'ghost' || name === undefined ? undefined : { name }
  }

  override onJoin({ info }: Member, key: string | undefined): void {
    this.heard.push(`join ${(info as { name: string }).name}${key === undefined ? '' : ` ${key}`}`)
    if (key === 'broken') throw new Error('the hook failed')
  }

  override onLeave({ info }: Member): void {
    this.heard.push(`leave ${(info as { name: string }).name}`)
  }
}

describe('Presence', () => {
  let world: World
  let server: Server
  let lobby: Lobby
  let cat: Client
  let seen: string[]
  let errors: unknown[]

  beforeEach(async () => {
    world = new World()
    errors = []
    server = await world.serve([], { limits: { sessionLeaseMs: leaseMs }, onError: (error) => void errors.push(error) })
    lobby = new Lobby()
    server.addChannel(lobby, { presenceGraceMs: graceMs })
    seen = []
    const watcher = world.client({ name: 'ghost' })
    await world.clock.until(
      watcher.watchPresence(Lobby, ({ event, member }) => void seen.push(`${event} ${member.info?.name}`)).ready,
    )
    cat = world.client({ name: 'cat' })
    await world.clock.until(cat.subscribe(Lobby).ready)
    await settle()
  })

  afterEach(() => world.close())

  const names = () =>
    server
      .channel(Lobby)
      .presence()
      .map(({ info }) => info?.name)

  const cut = () => {
    world.network.setReachable('server', false)
    world.network.wire.cut()
  }

  it('goes on for who is back within the grace', async () => {
    cut()
    await world.clock.advance(graceMs - 5_000)
    expect(names()).to.deep.equal(['cat'])
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
    expect(seen).to.deep.equal(['join cat'])
    expect(lobby.heard).to.deep.equal(['join cat'])
    expect(names()).to.deep.equal(['cat'])
  })

  it('ends after two seconds for a page that was left, unless it is back', async () => {
    world.network.setReachable('server', false)
    world.network.wire.cut('gone')
    await world.clock.advance(1_999)
    expect(names()).to.deep.equal(['cat'])
    await world.clock.advance(1)
    expect(names()).to.deep.equal([])
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
    expect(names()).to.deep.equal(['cat'])
    cut()
    await world.clock.advance(graceMs - 1)
    expect(names()).to.deep.equal(['cat'])
  })

  it('keeps its room while somebody is only away, also where no message is kept', async () => {
    const red = { key: 'red' }
    server.removeChannel(Lobby)
    server.addChannel(lobby, { presenceGraceMs: graceMs, maxQueued: 1 })
    const dog = world.client({ name: 'dog' })
    await world.clock.until(dog.subscribe(Lobby, red).ready)
    lobby.heard.length = 0
    cut()
    for (const message of ['a', 'b', 'c', 'd']) await server.publish(Lobby, message, red)
    await settle()
    const channel = server.channel(Lobby)
    expect(channel.readerCount(red)).to.equal(0)
    expect(channel.presence(red)).to.have.length(1)
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
    expect(channel.readerCount(red)).to.equal(1)
    expect(channel.presence(red)).to.have.length(1)
    expect(lobby.heard).to.deep.equal([])
  })

  it('ends with the grace, and begins again for who is back after it', async () => {
    cut()
    await world.clock.advance(graceMs + 1)
    expect(names()).to.deep.equal([])
    expect(seen).to.deep.equal(['join cat', 'leave cat'])
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
    expect(seen).to.deep.equal(['join cat', 'leave cat', 'join cat'])
    expect(lobby.heard).to.deep.equal(seen)
  })

  it('begins its grace anew with each cut', async () => {
    cut()
    await world.clock.advance(graceMs - 6_000)
    world.network.setReachable('server', true)
    await world.clock.advance(5_000)
    cut()
    await world.clock.advance(graceMs - 100)
    expect(seen).to.deep.equal(['join cat'])
    await world.clock.advance(200)
    expect(seen).to.deep.equal(['join cat', 'leave cat'])
  })

  it('says of a session what is true when it comes, each time', async () => {
    class Moods extends Channel<string> {
      mood = 'glad'
      override presenceOf(): { mood: string } {
        return { mood: this.mood }
      }
    }
    const moods = new Moods()
    server.addChannel(moods)
    const told = () =>
      server
        .channel(Moods)
        .presence()
        .map(({ info }) => info.mood)
    // It stays in another room meanwhile.
    const [first] = [cat.subscribe(Moods), cat.subscribe(Moods, { key: 'b' })]
    await world.clock.until(first?.ready as Promise<void>)
    expect(told()).to.deep.equal(['glad'])
    first?.unsubscribe()
    await settle()
    moods.mood = 'sad'
    await world.clock.until(cat.subscribe(Moods).ready)
    expect(told()).to.deep.equal(['sad'])
  })

  it('ends at once with the client', async () => {
    await world.clock.until(cat.close())
    await settle()
    expect(seen).to.deep.equal(['join cat', 'leave cat'])
    expect(server.channel(Lobby).presence()).to.deep.equal([])
  })

  it('goes on for who is back with a full queue and subscribes anew', async () => {
    server.removeChannel(Lobby)
    server.addChannel(lobby, { presenceGraceMs: graceMs, maxQueued: 1 })
    const dog = world.client({ name: 'dog' })
    await world.clock.until(dog.subscribe(Lobby).ready)
    lobby.heard.length = 0
    cut()
    for (const message of ['a', 'b', 'c', 'd']) await server.publish(Lobby, message)
    await settle()
    expect(server.channel(Lobby).readerCount()).to.equal(0)
    expect(names()).to.deep.equal(['dog'])
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
    expect(server.channel(Lobby).readerCount()).to.equal(1)
    expect(lobby.heard).to.deep.equal([])
    expect(names()).to.deep.equal(['dog'])
  })

  it('says nothing of those whom the channel does not list', async () => {
    const ghost = world.client({ name: 'spectre' })
    const nobody = world.client()
    await world.clock.until(nobody.subscribe(Lobby).ready)
    expect(names()).to.deep.equal(['cat'])
    await world.clock.until(ghost.subscribe(Lobby).ready)
    expect(names()).to.deep.equal(['cat', 'spectre'])
  })

  it('outlives a hook that throws, and tells of it', async () => {
    await world.clock.until(cat.subscribe(Lobby, { key: 'broken' }).ready)
    expect(errors.map(String)).to.deep.equal(['Error: the hook failed'])
    expect(await world.clock.until(cat.presence(Lobby, { key: 'broken' }))).to.have.length(1)
  })

  it('is told anew by a server that was started anew, as what is different', async () => {
    const dog = world.client({ name: 'dog' })
    const dogs = dog.subscribe(Lobby)
    await world.clock.until(dogs.ready)
    await settle()
    expect(seen).to.deep.equal(['join cat', 'join dog'])
    await world.clock.until(dog.close())
    world.network.crash('server')
    server = await world.serve([])
    server.addChannel(new Lobby())
    await world.clock.advance(20_000)
    expect(seen.slice(0, 3)).to.deep.equal(['join cat', 'join dog', 'leave dog'])
    // Its session is another one.
    expect(seen.slice(3).sort()).to.deep.equal(['join cat', 'leave cat'])
    expect(names()).to.deep.equal(['cat'])
  })

  it('leaves nothing at a server that nobody is at', async () => {
    const room = { key: 'kitchen' }
    const subscription = cat.subscribe(Lobby, room)
    const presence = cat.watchPresence(Lobby, room)
    await Promise.all([world.clock.until(subscription.ready), world.clock.until(presence.ready)])
    expect(server.channel(Lobby).roomCount).to.equal(2)
    subscription.unsubscribe()
    presence.unsubscribe()
    await world.clock.advance(100)
    expect(server.channel(Lobby).roomCount).to.equal(1)
  })
})
