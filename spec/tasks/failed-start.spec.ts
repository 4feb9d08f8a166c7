// A server whose start failed is as new: what was missing can be added, and it can start again.
import { expect } from 'chai'
import { Server, StartupTask } from '../../lib/index.ts'

class Needs extends StartupTask {
  isThere = false

  async run(): Promise<void> {
    if (!this.isThere) throw new Error('it is not there yet')
  }
}

class Added extends StartupTask {
  runs = 0

  async run(): Promise<void> {
    this.runs++
  }
}

class Late extends Added {}

describe('A server whose start failed', () => {
  it('takes more tasks for its start, and begins again with all of them', async () => {
    const server = new Server({ port: 0 })
    const [needs, added] = [new Needs(), new Added()]
    server.addTask(needs)
    const message = await server.listen().then(
      () => 'it started',
      (error: Error) => error.message,
    )
    expect(message).to.contain('it is not there yet')
    needs.isThere = true
    server.addTask(added)
    try {
      await server.listen()
      expect(added.runs).to.equal(1)
      expect(() => server.addTask(new Late())).to.throw('must be added before listen()')
    } finally {
      await server.shutdown()
    }
  })
})
