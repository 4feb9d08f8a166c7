// The log of visits that Host or Origin refuse.
import { createServer } from 'node:http'
import { expect } from 'chai'
import { silentLogger } from '../../lib/core/base/log.ts'
import { maxLoggedValues, RefusalLog } from '../../lib/features/web/refusal-log.ts'
import { printedBy } from '../setup/printed.ts'
import { ask, WebWorld } from './web-world.ts'

describe('A host or an origin that a web port refuses', () => {
  let world: WebWorld
  let warnings: string[]
  let debugged: string[]
  const log = {
    ...silentLogger,
    warn: (_fields: object, message: string) => void warnings.push(message),
    debug: (_fields: object, message: string) => void debugged.push(message),
  }

  beforeEach(() => {
    world = new WebWorld()
    warnings = []
    debugged = []
  })
  afterEach(() => world.close())

  it('is warned of once, with the option that lets it in', async () => {
    const { web } = await world.serve({}, { log })
    for (let i = 0; i < 3; i++) {
      expect((await ask(web.url, '/x', { host: 'app.example.org' })).status).to.equal(403)
      expect(await world.refusedStatus(`${web.url}/isock`, [], { origin: 'https://app.example.org' })).to.equal(403)
    }
    expect(warnings).to.deep.equal([
      'refused host "app.example.org"; if it is yours, add it to the option hosts of listenWeb',
      'refused origin "https://app.example.org"; if it is yours, add it to the option origins of listenWeb',
    ])
  })

  it('is warned of on standard error where there is no log', async () => {
    const printed = await printedBy(async () => {
      const { web } = await world.serve({})
      for (let i = 0; i < 2; i++) await ask(web.url, '/x', { host: 'app.example.org' })
    })
    expect(printed).to.deep.equal([
      'isock: refused host "app.example.org"; if it is yours, add it to the option hosts of listenWeb',
    ])
  })

  it("is no matter of ours where the user's own handlers answer", async () => {
    const http = createServer((_request, response) => response.end('mine'))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    world.later(() => new Promise((resolve) => http.close(resolve)))
    const { web } = await world.serve({ server: http }, { log })
    expect((await ask(web.url, '/x', { host: 'app.example.org' })).body).to.equal('mine')
    expect(warnings).to.deep.equal([])
  })

  it('fills no log: others are logged as debug after a number of them, and none is longer than a line', () => {
    const refusals = new RefusalLog(log)
    for (let i = 0; i < 1_000; i++) refusals.note('host', { host: `h${i}.example.org` })
    expect(warnings).to.have.lengthOf(maxLoggedValues + 1)
    expect(debugged).to.have.lengthOf(1_000 - maxLoggedValues)
    warnings = []
    new RefusalLog(log).note('origin', { origin: `\u009b31m${'x'.repeat(10_000)}\u001b` })
    expect(warnings[0]).to.match(/^[\x20-\x7e]{1,200}$/)
    new RefusalLog(log).note('host', {})
    expect(warnings[1]).to.contain('refused host a missing value')
  })
})
