// A server that keeps as many sessions as it may: which of them makes room, and who is refused.
import { expect } from 'chai'
import { BusyError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

describe('A server with all the sessions that it may keep', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(async () => {
    for (const run of work.runs) run.finish()
    world.network.setReachable('server', true)
    await world.close()
  })

  /** Their links break, and they do not come back. */
  async function cutAll(): Promise<void> {
    world.network.setReachable('server', false)
    world.network.wire.cut('rst')
    await settle()
    world.network.setReachable('server', true)
  }

  it('ends the one that has had no link for longest, and no other, for a newcomer', async () => {
    const server = await world.serve([work], { limits: { maxSessions: 2 } })
    for (const name of ['first', 'second']) {
      await world.client({ retry: 0, name }).connect()
      await cutAll()
    }
    await world.client({ retry: 0, name: 'third' }).connect()
    expect(server.sessions.map(({ name }) => name)).to.deep.equal(['second', 'third'])
  })

  it('refuses a newcomer while all are connected', async () => {
    const server = await world.serve([work], { limits: { maxSessions: 1 } })
    await world.client({ retry: 0, name: 'first' }).connect()
    const error = await failureOf(world.client({ retry: 0, name: 'second' }).connect())
    expect(error.message).to.contain('the server is at its limit of 1 sessions')
    expect(error.cause ?? error).to.be.instanceOf(BusyError)
    expect(server.sessions.map(({ name }) => name)).to.deep.equal(['first'])
  })
})
