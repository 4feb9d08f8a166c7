// Other programs where an isock server was, for a moment or for good; and addresses of several that cannot be used.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { expect } from 'chai'
import { describeForeign } from '../../lib/core/link/foreign-bytes.ts'
import { Client, ClientError, LinkError, Server } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, Work } from '../setup/world.ts'

/** A port that leads to a server, or to something else for a while. */
class Port {
  banner: string | Uint8Array | undefined
  visits = 0
  readonly #net: NetServer
  readonly #sockets = new Set<Socket>()

  constructor(target: () => number) {
    this.#net = createServer((near) => {
      this.visits++
      this.#sockets.add(near)
      near.on('error', () => undefined)
      if (this.banner !== undefined) {
        near.end(this.banner)
        near.resume()
        return
      }
      const far = connect(target(), '127.0.0.1')
      this.#sockets.add(far)
      far.on('error', () => undefined)
      near.pipe(far)
      far.pipe(near)
    })
  }

  async listen(): Promise<void> {
    await once(this.#net.listen(0, '127.0.0.1'), 'listening')
  }

  get address(): string {
    return `127.0.0.1:${(this.#net.address() as AddressInfo).port}`
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  async close(): Promise<void> {
    this.cutAll()
    this.#net.close()
    if (this.#net.listening) await once(this.#net, 'close')
  }
}

describe('a port where another program answers', () => {
  let server: Server
  let port: Port
  let work: Work
  const clients: Client[] = []

  beforeEach(async () => {
    work = new Work()
    server = new Server({ port: 0 })
    server.addAction(work)
    await server.listen()
    port = new Port(() => Number(server.addresses[0]?.split(':').at(-1)))
    await port.listen()
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    await port.close()
    await server.shutdown({ graceMs: 0 })
  })

  function clientOf(...addresses: string[]): Client {
    const client = new Client(addresses, { retry: 50, backoff: { minMs: 1, maxMs: 5 } })
    clients.push(client)
    return client
  }

  for (const [what, banner] of [
    ['a banner', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['an answer of a proxy', 'HTTP/1.1 502 Bad Gateway\r\n\r\n'],
    ['a frame that is none of the handshake', new Uint8Array([0, 0, 0, 3, 1, 2, 3])],
  ] as const) {
    it(`for a moment, with ${what}, costs a running call nothing but retries`, async () => {
      const client = clientOf(port.address)
      const call = client.runAction(Work)
      await waitFor(() => work.runs.length === 1)
      port.banner = banner
      port.cutAll()
      await waitFor(() => port.visits >= 4, { what: 'some attempts' })
      port.banner = undefined
      await waitFor(() => client.isConnected)
      work.run.finish('the one run')
      expect(await call).to.equal('the one run')
    })
  }

  it('is named where it closes without an answer, as ports with TLS do', async () => {
    port.banner = ''
    const client = new Client(port.address, { retry: 0 })
    clients.push(client)
    const { message } = await failureOf(client.connect())
    const address = `tcp://${port.address}`
    expect(message).to.contain(
      `${address} closed the link before it answered; if it speaks TLS, use ${address.replace('tcp', 'tls')}`,
    )
  })

  it('does not keep a client from the next address', async () => {
    port.banner = 'SSH-2.0-OpenSSH_9.6\r\n'
    const call = clientOf(port.address, server.addresses[0] as string).runAction(Work)
    await waitFor(() => work.runs.length === 1)
    work.run.finish('there')
    expect(await call).to.equal('there')
    expect(port.visits).to.equal(1)
  })

  it('is named in the error, with what to do', async () => {
    const http = createHttpServer().listen(0, '127.0.0.1')
    await once(http, 'listening')
    const where = `127.0.0.1:${(http.address() as AddressInfo).port}`
    const error = await failureOf(new Client(where, { retry: 0 }).runAction(Work))
    expect(error).to.be.instanceOf(ClientError).and.include({ code: 'UNREACHABLE', notStarted: true })
    expect(error.message).to.contain(`tcp://${where} speaks HTTP, not isock: use ws://${where}`)
    http.close()
    await once(http, 'close')
    port.banner = 'SSH-2.0-OpenSSH_9.6\r\n'
    const other = await failureOf(new Client(port.address, { retry: 0 }).connect())
    expect(other.message).to.contain(
      `tcp://${port.address} is not an isock server: it began with "SSH-2.0-OpenSSH_9.6"`,
    )
  })

  it('is shown escaped and bounded', () => {
    const address = { transport: 'tcp', host: 'host', port: 1 } as const
    const shown = (text: string) => describeForeign(address, new TextEncoder().encode(text))
    expect(shown('\u001b]0;owned\u0007"')).to.equal(
      'tcp://host:1 is not an isock server: it began with "\\x1b]0;owned\\x07\\x22"',
    )
    expect(shown('x'.repeat(1_000))).to.have.length.below(100)
    expect(describeForeign(address, new Uint8Array([0x15, 3, 3, 0]))).to.equal(
      'tcp://host:1 speaks TLS: use tls://host:1',
    )
    expect(describeForeign({ transport: 'unix', path: '/x' }, new TextEncoder().encode('HTTP/1.1 400'))).to.equal(
      'unix:/x speaks HTTP, not isock',
    )
  })

  it('may also be one address of several that cannot be dialled, whatever is wrong with it', async () => {
    const good = server.addresses[0] as string
    const dialled: string[] = []
    const faults = [new TypeError('a fault of the dial'), new Error('unable to verify the certificate')]
    for (const fault of faults) {
      const client = new Client(['tcp://bad:1', 'memory:none', good], {
        retry: 0,
        dial: async (address, signal) => {
          dialled.push(address.transport)
          if (address.transport === 'memory') throw new ClientError('option network', { code: 'INVALID_OPTION' })
          if (address.transport === 'tcp' && address.host === 'bad') throw fault
          const { dialSocket } = await import('../../lib/core/link/dial.ts')
          return dialSocket(address as Parameters<typeof dialSocket>[0], signal)
        },
      })
      clients.push(client)
      await client.connect()
      expect(client.isConnected).to.equal(true)
    }
    expect(dialled).to.deep.equal(['tcp', 'memory', 'tcp', 'tcp', 'memory', 'tcp'])
  })

  it('ends nothing early where a dial of one’s own throws a TypeError: that costs a retry too', async () => {
    let dials = 0
    const client = new Client('tcp://bad:1', {
      retry: 2,
      backoff: { minMs: 1, maxMs: 2 },
      dial: () => {
        dials++
        throw new TypeError('a fault of the dial')
      },
    })
    const error = await failureOf(client.runAction(Work))
    expect(dials).to.equal(3)
    expect(error).to.include({ code: 'UNREACHABLE' })
    expect(error.cause).to.be.instanceOf(LinkError)
    await client.close()
  })

  it('is final where no address can be used with the options', async () => {
    const client = new Client(['memory:one', 'memory:two'], { retry: 50 })
    expect(await failureOf(client.connect())).to.include({ code: 'INVALID_OPTION' })
    await client.close()
  })
})
