// Idempotency-Key at a server with a store: outcomes of transactional and durable actions outlive the server, and are those of `key`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Action, Client, Guard } from 'isock'
import { data } from 'isock/data'
import { Entry, Gate, Post } from '../../data/durable/shop.ts'
import { HttpWorld } from './http-world.ts'

class Plain extends Action {
  action = (): string => 'plain'
}

class User extends Guard<string> {
  override check(id: string | undefined) {
    return id === undefined ? true : { id }
  }
}

describe('an Idempotency-Key of an action whose answers are recorded', () => {
  let directory: string
  let world: HttpWorld
  let gate: Gate

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-keys-'))
    await start()
  })

  afterEach(async () => {
    await world.close()
    await rm(directory, { recursive: true })
  })

  async function start(): Promise<void> {
    gate = new Gate()
    const features = [data({ models: [Entry], url: `file:${join(directory, 'shop.db')}` })]
    world = new HttpWorld({ server: { host: 'localhost', port: 0, features, guards: [new User()] } as never })
    world.server.addAction(new Post(gate)).addAction(new Plain() as Action)
    await world.start()
  }

  const a = { note: 'a', amount: 1 }
  const send = (key: string, body: unknown = a, user?: string, name = 'Post'): Promise<Response> => {
    const credentials: Record<string, string> =
      user === undefined ? {} : { 'isock-credentials': JSON.stringify({ User: user }) }
    return world.post(name, body, { 'idempotency-key': key, ...credentials })
  }

  it('has one outcome, after a restart too', async () => {
    expect(await (await send('"k"')).json()).to.equal('posted a')
    await world.close()
    await start()
    expect(await (await send('"k"')).json()).to.equal('posted a')
    expect(gate.arrived).to.deep.equal([])
    expect((await send('"k"', { note: 'a', amount: 2 })).status).to.equal(422)
    expect((await send('"k"', {}, undefined, 'Plain')).status).to.equal(200)
    expect(await world.server.db.transaction((db) => db.count(Entry))).to.equal(1)
  })

  it('belongs to the identity, whose native clients have it too', async () => {
    expect(await (await send('"k"', a, 'ann')).json()).to.equal('posted a')
    expect(await (await send('"k"', a, 'bob')).json()).to.equal('posted a')
    await world.server.listen()
    const client = new Client(world.server.addresses[0] as string, { credentials: [User.credential('ann')] })
    expect(await client.runAction(Post, a, { key: 'k' })).to.equal('posted a')
    await client.close()
    expect(gate.arrived).to.deep.equal(['a', 'a'])
  })

  it('is counted in the metrics', async () => {
    for (let i = 0; i < 3; i++) await send('"k"')
    expect(await world.metric('isock_recorded_commits_total')).to.equal(1)
    expect(await world.metric('isock_recorded_replays_total')).to.equal(2)
  })
})
