// Where the channels of a spec are served: every kind of link.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type ClientOptions, MemoryNetwork, Server, type ServerOptions } from '../../lib/index.ts'
import { makeCertificates } from '../setup/certificates.ts'

/** A server that listens and as many clients as a spec wants, over one kind of link. */
export class Served {
  readonly server: Server
  readonly #clientOptions: ClientOptions
  readonly #directory: string | undefined
  readonly #clients: Client[] = []

  constructor(server: Server, clientOptions: ClientOptions, directory: string | undefined) {
    this.server = server
    this.#clientOptions = clientOptions
    this.#directory = directory
  }

  async client(options: ClientOptions = {}): Promise<Client> {
    const client = new Client(this.server.addresses[0] as string, { ...this.#clientOptions, ...options })
    this.#clients.push(client)
    await client.connect()
    return client
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.server.shutdown({ graceMs: 0 })
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true })
  }
}

export interface ChannelLink {
  readonly name: string
  /** Why it cannot be tried here, if so. */
  readonly missing?: string
  serve(options?: ServerOptions): Promise<Served>
}

const certificates = makeCertificates()

async function listening(options: ServerOptions, client: ClientOptions = {}, directory?: string): Promise<Served> {
  return new Served(await new Server(options).listen(), client, directory)
}

export const channelLinks: readonly ChannelLink[] = [
  {
    name: 'memory',
    serve: (options) => {
      const network = new MemoryNetwork()
      return listening({ address: 'memory:channels', network, ...options }, { network })
    },
  },
  { name: 'tcp', serve: (options) => listening({ host: 'localhost', port: 0, ...options }) },
  {
    name: 'tls',
    ...(certificates === undefined ? { missing: 'there is no openssl command; install the package openssl' } : {}),
    serve: (options) =>
      listening(
        { address: 'tls://localhost:0', tls: { ...certificates?.server }, ...options },
        { tls: { ca: certificates?.ca } },
      ),
  },
  {
    name: 'unix',
    serve: (options) => {
      const directory = mkdtempSync(join(tmpdir(), 'isock-channels-'))
      chmodSync(directory, 0o700)
      return listening({ path: join(directory, 'channels.sock'), ...options }, {}, directory)
    },
  },
]
