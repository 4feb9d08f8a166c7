// connect(), and where a client goes when its server drains.
import { expect } from 'chai'
import { freePort } from '../processes/processes.ts'
import { startScript } from '../setup/run-script.ts'
import { settle } from '../setup/virtual-clock.ts'
import { Work, World } from '../setup/world.ts'

describe('connect()', () => {
  it('keeps a script running between two attempts, until it is told how it ended', async () => {
    const script = startScript('spec/client/connecting-script.ts', { args: [String(await freePort())] })
    const { code, stdout, stderr } = await script.ended
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: 'failed: UNREACHABLE\n', stderr: '' })
  })

  describe('in virtual time', () => {
    let world: World
    let work: Work

    beforeEach(() => {
      world = new World()
      work = new Work()
    })

    afterEach(() => world.close())

    it('resolves on a client that is connected, without another connection', async () => {
      await world.serve([work])
      const client = world.client()
      await world.clock.until(client.connect())
      await world.clock.until(client.connect())
      await world.clock.until(Promise.all([client.connect(), client.connect()]))
      expect(world.network.dials).to.have.length(1)
    })

    it('resolves for all who wait for the same connection', async () => {
      const client = world.client({ retry: 10 })
      const waiting = [client.connect(), client.connect()]
      await settle()
      await world.serve([work])
      await world.clock.until(Promise.all(waiting))
      expect(world.network.wires).to.have.length(1)
    })

    it('goes to the next address first once a server drains, whose listener is still there or not', async () => {
      const others = new Work()
      const first = await world.serve([work], {}, 'a')
      await world.serve([others], {}, 'b')
      const client = world.client({}, 'a', 'b')
      const running = client.runAction(Work, 'running')
      await settle()
      const stopped = first.shutdown({ graceMs: 60_000 })
      await settle()
      const next = client.runAction(Work, 'next')
      await settle()
      expect(world.network.dials).to.deep.equal(['a', 'b'])
      others.run.finish('from b')
      work.run.finish('from a')
      expect([await next, await running]).to.deep.equal(['from b', 'from a'])
      await world.clock.until(stopped)
    })
  })
})
