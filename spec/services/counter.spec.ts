// bgpy's counter over every kind of link: values, confirmation, responses, the end of the server.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Counter } from '../../examples/counter-service/counter.ts'
import { Client, type ClientOptions, MemoryNetwork, Server, type ServerOptions } from '../../lib/index.ts'
import { makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'
import { failureOf } from '../setup/world.ts'

interface Case {
  readonly name: string
  readonly missing?: string
  options(directory: string): { server: ServerOptions; client: ClientOptions }
}

const certificates = makeCertificates()
const network = new MemoryNetwork()

const cases: readonly Case[] = [
  { name: 'memory', options: () => ({ server: { address: 'memory:counter', network }, client: { network } }) },
  { name: 'tcp', options: () => ({ server: { host: 'localhost', port: 0 }, client: {} }) },
  {
    name: 'tls',
    ...(certificates === undefined ? { missing: 'there is no openssl command; install the package openssl' } : {}),
    options: () => ({
      server: { address: 'tls://localhost:0', tls: { ...certificates?.server } },
      client: { tls: { ca: certificates?.ca } },
    }),
  },
  { name: 'unix', options: (directory) => ({ server: { path: join(directory, 'counter.sock') }, client: {} }) },
]

for (const { name, missing, options } of cases) {
  describe(`The counter of bgpy over ${name}`, () => {
    let directory: string
    let server: Server
    let client: Client

    beforeEach(async function () {
      if (missing !== undefined) skip(this, missing)
      directory = mkdtempSync(join(tmpdir(), 'isock-counter-'))
      chmodSync(directory, 0o700)
      const { server: serverOptions, client: clientOptions } = options(directory)
      server = new Server(serverOptions)
      server.addService(Counter, { allowShutdown: true })
      await server.listen()
      client = new Client(server.addresses[0] as string, clientOptions)
    })

    afterEach(async () => {
      await client?.close()
      await server?.shutdown()
      if (directory !== undefined) rmSync(directory, { recursive: true })
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
