// What isock promises about the process that it runs in: who keeps it alive, and how it ends.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Server } from 'isock'
import { listenWeb } from '../lib/web.ts'
import { longIt } from './setup/long.ts'
import { startScript } from './setup/run-script.ts'

for (const way of ['a socket', 'a WebSocket']) {
  describe(`a script over ${way}`, function () {
    this.timeout(120_000)
    let server: Server
    let address: string

    beforeEach(async () => {
      server = new Server('localhost', 0)
      server.addActions({
        Echo: (data: unknown) => data,
        Slow: async (data: unknown) => {
          await sleep(300)
          return data
        },
      })
      if (way === 'a socket') await server.listen()
      else await listenWeb(server, { port: 0 })
      address = server.addresses[0] as string
    })

    afterEach(() => server.shutdown({ graceMs: 0 }))

    const thisIt: typeof longIt = way === 'a socket' ? it : longIt
    const run = (name: string) => startScript(`spec/scripts/${name}.ts`, { args: [address] }).ended

    longIt('that only calls runAction ends by itself', async () => {
      const { code, stdout, stderr } = await run('only-calls')
      expect(stderr).to.equal('')
      expect(stdout).to.equal('first\nsecond\nstill connected\n')
      expect(code).to.equal(0)
    })

    thisIt('is not kept alive by an idle client', async () => {
      const { code, stdout } = await run('only-connects')
      expect(stdout).to.equal('connected\n')
      expect(code).to.equal(0)
    })

    thisIt('is kept alive by a pending call until it settles', async () => {
      const { code, stdout } = await run('awaits-nothing')
      expect(stdout).to.equal('end of the script\nlate\n')
      expect(code).to.equal(0)
    })

    longIt('may await close() as the last thing', async () => {
      const { code, stdout, stderr } = await run('awaits-close')
      expect(stderr).to.equal('')
      expect(stdout).to.equal('called\nclosed\n')
      expect(code).to.equal(0)
    })

    thisIt('closes its client with `await using`', async () => {
      const { code, stdout, stderr } = await run('uses')
      expect(stderr).to.equal('')
      expect(stdout).to.equal('inside\nnot connected\nCLOSED\n')
      expect(code).to.equal(0)
      expect(server.sessions).to.deep.equal([])
    })
  })
}
