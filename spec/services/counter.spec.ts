// bgpy's counter over every kind of link: values, confirmation, responses, the end of the server.
import { expect } from 'chai'
import { Counter } from '../../examples/counter-service/counter.ts'
import { Client, Server } from '../../lib/index.ts'
import { type Place, serverLinks } from '../setup/server-links.ts'
import { skip } from '../setup/skip.ts'
import { failureOf } from '../setup/world.ts'

for (const { name, missing, place: placeHere } of serverLinks) {
  describe(`The counter of bgpy over ${name}`, () => {
    let place: Place
    let server: Server
    let client: Client

    beforeEach(async function () {
      if (missing !== undefined) skip(this, missing)
      place = placeHere()
      server = new Server(place.server)
      server.addService(Counter, { allowShutdown: true })
      client = new Client(await place.listen(server), place.client)
    })

    afterEach(async () => {
      await client?.close()
      await server?.shutdown()
      place?.release()
    })

    it('begins at 1000, takes commands, and tells value and count at the end', async () => {
      const counter = client.service(Counter)
      expect(await counter.initialize(1000)).to.equal(undefined)
      expect(await counter.execute({ command: 'increase', by: 10 })).to.equal(undefined)
      await counter.execute({ command: 'decrease', by: 100 })
      const last = await counter.terminate(undefined, { awaitResponse: true })
      expect(last).to.deep.equal({ value: 910, requestCount: 3, status: 'exited' })
      expect((await failureOf(counter.execute({ command: 'increase', by: 1 })))['code']).to.equal('TERMINATED')
    })

    it('ends the server when it is terminated with shutdown', async () => {
      const counter = client.service(Counter)
      await counter.initialize(1)
      const last = await counter.terminate(undefined, { awaitResponse: 5_000, shutdown: true })
      expect(last.value).to.equal(1)
      await server.serveForever()
      expect(server.isShuttingDown).to.equal(true)
    })
  })
}
