// A connection to PostgreSQL that breaks during the commit of a transactional call: whether it was committed is found out.
import { expect } from 'chai'
import type { Client } from 'isock'
import { Database, StoreUnavailableError } from 'isock/data'
import { failureOf } from '../../setup/world.ts'
import { Relay } from '../relay.ts'
import { makePostgres, postgresUrl, type TestStore } from '../stores.ts'
import { Entry, Place, Post, type Running } from './shop.ts'

describe('A commit whose answer is lost', function () {
  this.timeout(120_000)
  let store: TestStore
  let relay: Relay
  let place: Place
  let running: Running
  let client: Client
  let direct: Database

  beforeEach(async function () {
    store = await makePostgres(this)
    relay = new Relay(postgresUrl)
    await relay.open()
    place = new Place({ ...store.options, url: relay.url })
    running = await place.serve()
    client = place.client()
    direct = await new Database({ models: [Entry], ...store.options }).open()
    // The session is recorded, so that the next commit is that of a call.
    await client.runAction(Post, { note: 'first', amount: 1 })
  })

  afterEach(async () => {
    relay.onSent = undefined
    relay.onAnswered = undefined
    await place?.close()
    await direct?.close()
    await relay?.close()
    await store?.remove()
  })

  const count = (note: string): Promise<number> => direct.transaction((db) => db.count(Entry, { note }))
  const isCommit = (bytes: Buffer): boolean => bytes.includes('COMMIT')

  it('is answered with what was committed', async () => {
    const cuts = relay.loseAnswerTo(isCommit)
    expect(await client.runAction(Post, { note: 'a', amount: 1 })).to.equal('posted a')
    expect([cuts(), await count('a')]).to.deep.equal([1, 1])
    expect(running.gate.arrived).to.deep.equal(['first', 'a'])
    expect(running.data.transactions?.replays).to.equal(1)
  })

  it('runs again where the commit did not arrive', async () => {
    let cuts = 0
    relay.onSent = (bytes) => isCommit(bytes) && cuts++ === 0
    expect(await client.runAction(Post, { note: 'a', amount: 1 })).to.equal('posted a')
    expect(await count('a')).to.equal(1)
    expect(running.gate.arrived).to.deep.equal(['first', 'a', 'a'])
    expect(running.data.transactions?.unknowns).to.equal(0)
  })

  it('fails where no commit arrives, and nothing was kept', async () => {
    relay.onSent = (bytes) => isCommit(bytes)
    const error = await failureOf(client.runAction(Post, { note: 'a', amount: 1 }))
    relay.onSent = undefined
    expect(error).to.be.instanceOf(StoreUnavailableError)
    expect(error.message).to.match(/nothing of what this action did was kept/)
    expect(await count('a')).to.equal(0)
    expect(running.gate.arrived.filter((note) => note === 'a')).to.have.length(6)
  })
})
