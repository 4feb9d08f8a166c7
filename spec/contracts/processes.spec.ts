// Processes and client names over every kind of link.
import { expect } from 'chai'
import {
  ActionError,
  Client,
  type ClientOptions,
  Process,
  type ProcessContext,
  type ProcessOutput,
  Server,
} from '../../lib/index.ts'
import { type Place, serverLinks } from '../setup/server-links.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'

class Jammed extends ActionError {}

interface Printed {
  readonly page: number
  readonly at: Date
  readonly bytes: Uint8Array
}

class Printer extends Process<Printed> {
  static override processName = 'printer'
  static override errors = [Jammed]
  output: ProcessOutput<Printed> | undefined

  run({ output, signal }: ProcessContext<Printed>) {
    this.output = output
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
}

for (const { name, missing, place: placeHere } of serverLinks) {
  describe(`Processes over ${name}`, () => {
    let place: Place
    let server: Server
    let address: string
    let printer: Printer
    const clients: Client[] = []

    function client(more: ClientOptions = {}): Client {
      const made = new Client(address, { ...place.client, ...more })
      clients.push(made)
      return made
    }

    before(function () {
      if (missing !== undefined) skip(this, missing)
    })

    beforeEach(async () => {
      place = placeHere()
      printer = new Printer()
      server = new Server(place.server).addProcess(printer)
      address = await place.listen(server)
    })

    afterEach(async () => {
      await Promise.all(clients.splice(0).map((each) => each.close()))
      await server.shutdown()
      place.release()
    })

    it('tell all, tell one, and finish', async () => {
      const [one, two] = [client(), client()]
      const streams = [one.onProcess(Printer), two.onProcess(Printer)] as const
      await Promise.all(streams.map((stream) => stream.ready))
      const output = printer.output as ProcessOutput<Printed>
      for (let page = 1; page <= 200; page++) output.send('page', page)
      output.send('at', new Date(0))
      output.send('bytes', new Uint8Array([1, 2, 3]), { to: two.sessionId })
      output.finish()
      const read = async (stream: (typeof streams)[number]): Promise<unknown[]> => {
        const events: unknown[] = []
        for await (const { event, data } of stream) if (event !== 'page' || data > 199) events.push([event, data])
        return events
      }
      const common = [
        ['page', 200],
        ['at', new Date(0)],
      ]
      expect(await read(streams[0])).to.deep.equal(common)
      expect(await read(streams[1])).to.deep.equal([...common, ['bytes', new Uint8Array([1, 2, 3])]])
    })

    it('fail with the error of their own class', async () => {
      const pages: number[] = []
      const listening = client().onProcess(Printer, (printed) => printed.event === 'page' && pages.push(printed.data))
      const failure = listening.done.catch((error: unknown) => error)
      await listening.ready
      printer.output?.send('page', 1)
      printer.output?.fail(new Jammed('page 2 is stuck'))
      expect(await failure).to.be.instanceOf(Jammed)
      expect(pages).to.deep.equal([1])
    })

    it('do not hold up a shutdown', async () => {
      const listening = client().onProcess(Printer)
      await listening.ready
      const startedAt = performance.now()
      await server.shutdown()
      expect(performance.now() - startedAt).to.be.below(2_000)
      listening.stop()
    })

    it('do not take a second client of one name', async () => {
      await client({ name: 'dashboard' }).connect()
      const error = await client({ name: 'dashboard' })
        .connect()
        .then(
          () => undefined,
          (refusal: unknown) => refusal,
        )
      expect(error).to.have.property('code', 'NAME_TAKEN')
      await clients[0]?.close()
      await waitFor(() => server.sessions.length === 0)
      await client({ name: 'dashboard' }).connect()
    })
  })
}
