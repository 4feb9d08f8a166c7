// Where the servers of a spec are reached: every kind of link, for suites that run over all of them.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import {
  Client,
  type ClientOptions,
  MemoryNetwork,
  type PortSource,
  Server,
  type ServerOptions,
} from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { makeCertificates } from './certificates.ts'

export interface ServerLink {
  readonly name: string
  /** Why it cannot be tried here, if so. */
  readonly missing?: string
  place(): Place
}

/** One place where a server can be reached. */
export interface Place {
  readonly server: ServerOptions
  readonly client: ClientOptions
  /** Lets the server listen; its address for clients. */
  listen(server: Server): Promise<string>
  release(): void
}

const certificates = makeCertificates()
const withoutCertificates =
  certificates === undefined ? { missing: 'there is no openssl command; install the package openssl' } : {}

export const serverLinks: readonly ServerLink[] = [
  {
    name: 'memory',
    place: () => {
      const network = new MemoryNetwork()
      return placeOf({ address: 'memory:here', network }, { network })
    },
  },
  {
    name: 'a message port',
    place: () => ({
      ...placeOf({}),
      // What a client takes in the place of an address.
      listen: async (server) => portsTo(server) as unknown as string,
    }),
  },
  { name: 'tcp', place: () => placeOf({ host: 'localhost', port: 0 }) },
  {
    name: 'tls',
    ...withoutCertificates,
    place: () =>
      placeOf({ address: 'tls://localhost:0', tls: { ...certificates?.server } }, { tls: { ca: certificates?.ca } }),
  },
  {
    name: 'unix',
    place: () => {
      const directory = mkdtempSync(join(tmpdir(), 'isock-'))
      chmodSync(directory, 0o700)
      return {
        ...placeOf({ path: join(directory, 'here.sock') }),
        release: () => rmSync(directory, { recursive: true, force: true }),
      }
    },
  },
  {
    name: 'a WebSocket',
    place: () => ({ ...placeOf({}), listen: async (server) => (await listenWeb(server, { port: 0 })).address }),
  },
  {
    name: 'a WebSocket over TLS',
    ...withoutCertificates,
    place: () => ({
      ...placeOf({}, { tls: { ca: certificates?.ca } }),
      listen: async (server) => {
        const web = await listenWeb(server, { port: 0, tls: { ...certificates?.server } })
        return web.address.replace('127.0.0.1', 'localhost')
      },
    }),
  },
]

/** Gives clients a port at each attempt, and its other end to the server. */
export function portsTo(server: Server): PortSource {
  return () => {
    const { port1, port2 } = new MessageChannel()
    void server.accept(port1).catch(() => undefined)
    return port2
  }
}

function placeOf(server: ServerOptions, client: ClientOptions = {}): Place {
  return {
    server,
    client,
    listen: async (made) => (await made.listen()).addresses[0] as string,
    release: () => undefined,
  }
}

/** A server that listens and as many clients as a spec wants, over one kind of link. */
export class Served {
  readonly server: Server
  readonly #place: Place
  readonly #address: string
  readonly #clients: Client[] = []

  constructor(server: Server, place: Place, address: string) {
    this.server = server
    this.#place = place
    this.#address = address
  }

  static async over(link: ServerLink, options: ServerOptions = {}): Promise<Served> {
    const place = link.place()
    const server = new Server({ ...place.server, ...options })
    return new Served(server, place, await place.listen(server))
  }

  async client(options: ClientOptions = {}): Promise<Client> {
    const client = new Client(this.#address, { ...this.#place.client, ...options })
    this.#clients.push(client)
    await client.connect()
    return client
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.server.shutdown({ graceMs: 0 })
    this.#place.release()
  }
}
