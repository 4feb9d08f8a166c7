// A server that takes back what a channel allowed: it ends subscriptions, or has the channel asked again.
import { expect } from 'chai'
import { Channel, type ChannelSession, type Client, ClientError, Guard, type Server } from '../../lib/index.ts'
import { failureOf, World } from '../setup/world.ts'

/** Everybody is who they say that they are. */
class Name extends Guard<string> {
  check(name: string | undefined) {
    return { id: name ?? 'nobody' }
  }
}

class Team extends Channel<string> {
  readonly banned = new Set<string | undefined>()
  asked = 0
  says: (() => Promise<boolean>) | undefined

  override canSubscribe({ identity }: ChannelSession) {
    this.asked++
    return this.says?.() ?? !this.banned.has(identity?.id)
  }
}

describe('A channel whose word is taken back', () => {
  let world: World
  let server: Server
  let team: Team
  let reported: unknown[]

  beforeEach(async () => {
    world = new World()
    team = new Team()
    reported = []
    server = await world.serve([], { guards: [new Name()], onError: (error) => void reported.push(error) })
    server.addChannel(team)
  })

  afterEach(() => world.close())

  const until = <T>(promise: PromiseLike<T>): Promise<T> => world.clock.until(Promise.resolve(promise)) as Promise<T>

  /** Subscriptions of one client to rooms, which are there. */
  async function readers(name: string, ...keys: (string | undefined)[]) {
    const client = world.client({ credentials: [Name.credential(name)] })
    const streams = keys.map((key) => client.subscribe(Team, key === undefined ? {} : { key }))
    await until(Promise.all(streams.map(({ ready }) => ready)))
    return { client, streams }
  }

  const isOver = (streams: readonly { readonly isOver: boolean }[]): boolean[] => streams.map((each) => each.isOver)

  it('ends what a user has, in one room or in all, and nobody else’s', async () => {
    const ann = await readers('ann', 'red', 'blue', undefined)
    const bob = await readers('bob', 'red')
    const handle = server.channel(Team)
    expect(handle.endSubscriptions({ identity: 'ann', key: 'red', reason: 'you were sent out' })).to.equal(1)
    const error = await until(failureOf((ann.streams[0] as { done: Promise<void> }).done))
    expect(error).to.include({
      code: 'NOT_ALLOWED',
      message: 'the server ended this subscription: you were sent out',
    })
    expect(isOver([...ann.streams, ...bob.streams])).to.deep.equal([true, false, false, false])
    expect(handle.endSubscriptions({ identity: 'ann' })).to.equal(2)
    await world.clock.advance(60_000)
    expect(isOver([...ann.streams, ...bob.streams])).to.deep.equal([true, true, true, false])
    expect(handle.readerCount({ key: 'red' })).to.equal(1)
  })

  it('ends what a session has, looks at who is present too', async () => {
    const ann = await readers('ann', 'red')
    const other = await readers('ann', 'red')
    const watch = ann.client.watchPresence(Team, { key: 'red' })
    await until(watch.ready)
    expect(server.channel(Team).endSubscriptions({ session: [ann.client.sessionId, 'nobody'] })).to.equal(2)
    const error = await until(failureOf(watch.done))
    expect(error.message).to.equal('the server ended this subscription: no reason was given')
    expect(isOver([...ann.streams, watch, ...other.streams])).to.deep.equal([true, true, false])
  })

  it('ends one that the channel still thinks about, which would have let it in', async () => {
    let decide: (isAllowed: boolean) => void = () => undefined
    team.says = () => new Promise((resolve) => (decide = resolve))
    const client: Client = world.client({ credentials: [Name.credential('ann')] })
    const subscription = client.subscribe(Team)
    const ended = failureOf(subscription.done)
    for (let ms = 0; team.asked === 0 && ms < 500; ms++) await world.clock.advance(1)
    expect(server.channel(Team).endSubscriptions({ identity: 'ann' })).to.equal(1)
    decide(true)
    expect(await until(ended)).to.have.property('code', 'NOT_ALLOWED')
    expect(server.channel(Team).readerCount()).to.equal(0)
  })

  it('does not stand for all where nobody is named', () => {
    const handle = server.channel(Team)
    const end = (options: object) => () => handle.endSubscriptions(options as never)
    for (const wrong of [{}, { key: 'red' }, { identity: undefined }, { session: undefined }, { identity: 5 }])
      expect(end(wrong)).to.throw(ClientError)
    expect(end({ identity: 'ann', who: 'bob' })).to.throw(/who/)
    expect(end({ session: [5] })).to.throw(/option session/)
    expect(end({ identity: 'ann', reason: 5 })).to.throw(/option reason/)
    expect(handle.endSubscriptions({ identity: 'ann' })).to.equal(0)
  })

  it('is asked again about all, about a user or about a room, and ends those that it refuses', async () => {
    const ann = await readers('ann', 'red', 'blue')
    const bob = await readers('bob', 'red', 'blue')
    const handle = server.channel(Team)
    team.banned.add('ann').add('bob')
    team.asked = 0
    expect(await until(handle.reauthorize({ identity: 'ann', key: 'red' }))).to.equal(1)
    expect([team.asked, ...isOver(ann.streams), ...isOver(bob.streams)]).to.deep.equal([1, true, false, false, false])
    expect(await until(handle.reauthorize({ key: 'red' }))).to.equal(1)
    expect(isOver(bob.streams)).to.deep.equal([true, false])
    expect(await until(handle.reauthorize())).to.equal(2)
    expect(await until(handle.reauthorize())).to.equal(0)
    const [, blue] = ann.streams
    expect(await until(failureOf((blue as { done: Promise<void> }).done))).to.have.property('code', 'NOT_ALLOWED')
    expect(await until(failureOf(handle.reauthorize({ identity: undefined } as never)))).to.be.instanceOf(ClientError)
  })

  it('is asked about many, not about all at once, and refuses where it says nothing in time', async () => {
    const rooms = Array.from({ length: 100 }, (_, n) => `room ${n}`)
    server.removeChannel(Team)
    server.addChannel(team, { maxPerSession: 100 })
    const ann = await readers('ann', ...rooms)
    let open = 0
    team.asked = 0
    team.says = () => {
      open++
      return new Promise(() => undefined)
    }
    const asked = server.channel(Team).reauthorize()
    await world.clock.advance(1)
    expect(open).to.equal(64)
    expect(await until(asked)).to.equal(100)
    expect(team.asked).to.equal(100)
    const message = 'channel "Team" could not check whether this client may continue'
    for (const { done } of ann.streams) expect(await until(failureOf(done))).to.include({ code: 'INTERNAL', message })
    expect(String(reported[0])).to.match(/canSubscribe did not answer within 5000 ms/)
  })
})
