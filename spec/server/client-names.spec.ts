// The names of clients: unique among the connected, kept over a reconnect, taken over from the dead. In virtual time.
import { expect } from 'chai'
import { ClientNames } from '../../lib/core/server/client-names.ts'
import { Action, Client, ClientError, type Context, Guard, type Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, World } from '../setup/world.ts'

class WhoAmI extends Action {
  action(_data: unknown, { session }: Context) {
    return `${session.name} ${session.state.get('kept')}`
  }
}

class Keep extends Action {
  action(value: string, { session }: Context) {
    session.state.set('kept', value)
  }
}

class User extends Guard<string> {
  check(id: string | undefined) {
    return id === undefined ? false : { id }
  }
}

describe('The names of clients', () => {
  let world: World
  let server: Server

  beforeEach(async () => {
    world = new World()
    server = await world.serve([new WhoAmI(), new Keep()])
  })

  afterEach(() => world.close())

  const names = () => server.sessions.map(({ name }) => name)
  const ask = (client: Client) => world.clock.until(client.runAction(WhoAmI, undefined))

  it('are known to actions and to the server', async () => {
    expect(await ask(world.client({ name: 'dashboard' }))).to.equal('dashboard undefined')
    expect(await ask(world.client())).to.equal('undefined undefined')
    expect(names()).to.deep.equal(['dashboard', undefined])
  })

  it('are refused while another connected client has them, at once and clearly', async () => {
    await ask(world.client({ name: 'dashboard' }))
    const error = await world.clock.until(failureOf(world.client({ name: 'dashboard' }).connect()))
    expect(error).to.be.instanceOf(ClientError).and.include({ code: 'NAME_TAKEN', notStarted: true })
    expect(error.message).to.equal(
      'the name "dashboard" is taken by another client; choose another name, or close that client first',
    )
    expect(world.network.dials).to.have.length(2)
    const call = world.client({ name: 'dashboard' }).runAction(WhoAmI, undefined)
    expect(await world.clock.until(failureOf(call))).to.include({ code: 'NAME_TAKEN' })
    expect(names()).to.deep.equal(['dashboard'])
  })

  it('are free again when their client is closed', async () => {
    const client = world.client({ name: 'dashboard' })
    await ask(client)
    await client.close()
    await settle()
    expect(await ask(world.client({ name: 'dashboard' }))).to.equal('dashboard undefined')
  })

  it('are kept over a reconnect, with the state of the session', async () => {
    const client = world.client({ name: 'dashboard' })
    await world.clock.until(client.runAction(Keep, 'this'))
    world.network.wire.cut('rst')
    await settle()
    expect(await ask(client)).to.equal('dashboard this')
    expect(names()).to.deep.equal(['dashboard'])
  })

  it('are kept over a reconnect that the server sees before the end of the old link', async () => {
    const client = world.client({ name: 'dashboard' })
    await world.clock.until(client.runAction(Keep, 'this'))
    world.network.wire.far.isHeld = true
    world.network.wire.near.endBy(new Error('reset'))
    await settle()
    expect(await ask(client)).to.equal('dashboard this')
  })

  it('go to a new client of the same user once the link of the old one is gone', async () => {
    const crashed = world.client({ name: 'dashboard' })
    await world.clock.until(crashed.runAction(Keep, 'this'))
    world.network.wire.cut('rst')
    await settle()
    expect(await ask(world.client({ name: 'dashboard' }))).to.equal('dashboard undefined')
    expect(names()).to.deep.equal([undefined, 'dashboard'])
    // It lives after all: its session goes on, without the name.
    expect(await ask(crashed)).to.equal('undefined this')
    expect(names()).to.deep.equal([undefined, 'dashboard'])
  })

  it('come back to who lost them when they are free at its next reconnect', async () => {
    const first = world.client({ name: 'dashboard' })
    await ask(first)
    world.network.wire.cut('rst')
    await settle()
    const second = world.client({ name: 'dashboard' })
    await ask(second)
    await second.close()
    await settle()
    expect(await ask(first)).to.equal('dashboard undefined')
  })

  it('do not go to another user while the session lasts', async () => {
    const guarded = await world.serve([new WhoAmI()], { guards: [new User()] }, 'guarded')
    const connect = (id: string) =>
      world.clock.until(world.client({ name: 'dashboard', credentials: [User.credential(id)] }, 'guarded').connect())
    await connect('ann')
    world.network.wire.cut('rst')
    await settle()
    expect(await failureOf(connect('bob'))).to.include({ code: 'NAME_TAKEN' })
    await connect('ann')
    world.network.wire.cut('rst')
    await world.clock.advance(16 * 60_000)
    await connect('bob')
    expect(guarded.sessions.map(({ identity, name }) => [identity?.id, name])).to.deep.equal([['bob', 'dashboard']])
  })

  it('are released when the lease of their session ends', async () => {
    await ask(world.client({ name: 'dashboard' }))
    world.network.wire.cut('rst')
    await world.clock.advance(16 * 60_000)
    expect(names()).to.deep.equal([])
    await ask(world.client({ name: 'dashboard' }))
  })

  it('are let go by who comes back under another one', () => {
    const names = new ClientNames()
    const owner = { identity: { id: 'ann' }, isConnected: true, name: undefined as string | undefined }
    for (const name of ['a', 'b', 'c']) names.claim(owner, name)
    for (const name of ['a', 'b']) names.requireFree(name, { id: 'bob' })
    expect(() => names.requireFree('c', { id: 'bob' })).to.throw('taken')
    names.release(owner)
    names.requireFree('c', { id: 'bob' })
  })

  it('are refused by the client itself where they are none', () => {
    expect(() => new Client('memory:x', { name: '' })).to.throw(/option name: expected a string of 1 to 512 bytes/)
    expect(() => new Client('memory:x', { name: 'x'.repeat(513) })).to.throw(/option name/)
  })
})
