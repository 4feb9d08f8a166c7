// Real servers and clients over every kind of link: calls, errors, streams both ways, calls back, bytes.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  Action,
  ActionError,
  Client,
  type ClientOptions,
  type Context,
  MemoryNetwork,
  Server,
  type ServerOptions,
} from '../../lib/index.ts'
import { makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'

class Rejected extends ActionError {
  readonly left: number

  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

class Refuse extends Action {
  static override errors = [Rejected]

  action(left: number): never {
    throw new Rejected(left)
  }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 1; i <= upTo; i++) yield i
    return 'done'
  }
}

class Sum extends Action {
  async action(numbers: AsyncIterable<number>) {
    let sum = 0
    for await (const n of numbers) sum += n
    return sum
  }
}

class Double extends Action {
  async *action(numbers: AsyncIterable<number>) {
    for await (const n of numbers) yield n * 2
  }
}

class AskBack extends Action {
  async action(question: string, context: Context) {
    return `${await context.client.runAction<string>('answer', question)}, you said`
  }
}

interface Case {
  readonly name: string
  readonly missing?: string
  options(directory: string): { server: ServerOptions; client: ClientOptions }
}

const certificates = makeCertificates()
const network = new MemoryNetwork()

const cases: readonly Case[] = [
  { name: 'memory', options: () => ({ server: { address: 'memory:calls', network }, client: { network } }) },
  { name: 'tcp', options: () => ({ server: { host: 'localhost', port: 0 }, client: {} }) },
  {
    name: 'tls',
    ...(certificates === undefined ? { missing: 'there is no openssl command; install the package openssl' } : {}),
    options: () => ({
      server: { address: 'tls://localhost:0', tls: { ...certificates?.server } },
      client: { tls: { ca: certificates?.ca } },
    }),
  },
  { name: 'unix', options: (directory) => ({ server: { path: join(directory, 'calls.sock') }, client: {} }) },
]

async function* upTo(count: number): AsyncGenerator<number> {
  for (let i = 1; i <= count; i++) yield i
}

for (const { name, missing, options } of cases) {
  describe(`Calls over ${name}`, () => {
    let directory: string
    let server: Server
    let client: Client

    before(async function () {
      if (missing !== undefined) skip(this, missing)
      directory = mkdtempSync(join(tmpdir(), 'isock-calls-'))
      chmodSync(directory, 0o700)
      const { server: serverOptions, client: clientOptions } = options(directory)
      server = new Server(serverOptions)
      for (const action of [new Echo(), new Refuse(), new Count(), new Sum(), new Double(), new AskBack()])
        server.addAction(action)
      await server.listen()
      client = new Client(server.addresses[0] as string, clientOptions)
      client.addActions({ answer: (question: string) => `"${question}"` })
      await client.connect()
    })

    after(async () => {
      await client?.close()
      await server?.shutdown()
      if (directory !== undefined) rmSync(directory, { recursive: true })
    })

    it('gives back rich values', async () => {
      const value = { at: new Date(0), tags: new Set(['a']), big: 12n, bytes: Buffer.from('xyz'), none: undefined }
      expect(await client.runAction(Echo, value)).to.deep.equal(value)
    })

    it('gives back a megabyte of bytes', async () => {
      const bytes = new Uint8Array(1024 * 1024).map((_, i) => i % 251)
      expect(await client.runAction(Echo, bytes)).to.deep.equal(bytes)
    })

    it('throws what the action threw, as its own class', async () => {
      const { ok, error } = (await client.runAction(Refuse, 3).outcome()) as { ok: boolean; error: Rejected }
      expect(ok).to.equal(false)
      expect(error).to.be.instanceOf(Rejected)
      expect(error.left).to.equal(3)
    })

    it('streams to the client, then returns', async () => {
      const call = client.runAction(Count, 1_000)
      let sum = 0
      for await (const n of call) sum += n
      expect(sum).to.equal(500_500)
      expect(await call).to.equal('done')
    })

    it('streams to the server', async () => {
      expect(await client.runAction(Sum, upTo(1_000))).to.equal(500_500)
    })

    it('streams both ways at once', async () => {
      const doubled: number[] = []
      for await (const n of client.runAction(Double, upTo(700))) doubled.push(n)
      expect(doubled).to.have.length(700)
      expect(doubled.at(-1)).to.equal(1_400)
    })

    it('calls back to the client', async () => {
      expect(await client.runAction(AskBack, 'why')).to.equal('"why", you said')
    })

    it('runs hundreds of calls at once', async () => {
      const values = await Promise.all(Array.from({ length: 500 }, (_, i) => client.runAction(Echo, i)))
      expect(values).to.deep.equal(Array.from({ length: 500 }, (_, i) => i))
    })
  })
}
