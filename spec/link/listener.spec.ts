// What a listener takes, what it refuses before it opens anything, and what it leaves behind.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect } from 'chai'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { ServerError } from '../../lib/core/base/errors.ts'
import { formatAddress, parseAddress, type SocketAddress } from '../../lib/core/link/address.ts'
import { dialSocket } from '../../lib/core/link/dial.ts'
import type { Link } from '../../lib/core/link/link.ts'
import { type Listener, type ListenOptions, listen, listenAll } from '../../lib/core/link/listener.ts'
import { MemoryNetwork } from '../../lib/core/link/memory-network.ts'
import { makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'

const certificates = makeCertificates()
const never = new AbortController().signal

describe('A listener', () => {
  const links: Link[] = []
  const listeners: Listener[] = []
  const sockets: Socket[] = []
  const options: ListenOptions = {
    handshakeTimeoutMs: 5_000,
    maxHandshakes: 10,
    onLink: (link) => links.push(link),
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await Promise.all(links.splice(0).map((link) => link.close('abort')))
    await Promise.all(listeners.splice(0).map((listener) => listener.close()))
  })

  async function open(address: string, more: Partial<ListenOptions> = {}): Promise<Listener> {
    const listener = await listen(parseAddress(address), { ...options, ...more })
    listeners.push(listener)
    return listener
  }

  async function dial({ address }: Listener): Promise<Link> {
    const link = await dialSocket(address as SocketAddress, never, { ca: certificates?.ca, servername: 'localhost' })
    links.push(link)
    return link
  }

  function knock({ address }: Listener, localAddress = '127.0.0.1'): Socket {
    const { port } = address as { readonly port: number }
    const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined)
    sockets.push(socket)
    return socket
  }

  async function failureOf(address: string, more: Partial<ListenOptions> = {}): Promise<ServerError> {
    const error = await open(address, more).catch((error: unknown) => error)
    expect(error).to.be.instanceOf(ServerError)
    return error as ServerError
  }

  it('has the port that it really got, and hands each connection on', async () => {
    const listener = await open('tcp://127.0.0.1:0')
    expect((listener.address as { port: number }).port).to.be.above(0)
    expect(listener.fd).to.be.above(0)
    await dial(listener)
    await waitFor(() => links.length === 2)
  })

  it('listens at 127.0.0.1 where it is told localhost, so that no client tries the other one in vain', async () => {
    const { port } = (await open('tcp://localhost:0')).address as { port: number }
    const taken = createServer()
    taken.listen(port, '127.0.0.1')
    const [error] = (await once(taken, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).to.equal('EADDRINUSE')
  })

  it('names the address that is in use, or that it cannot listen at', async () => {
    const { address } = await open('tcp://127.0.0.1:0')
    expect(await failureOf(formatAddress(address))).to.include({
      code: 'ADDRESS_IN_USE',
      message: `${formatAddress(address)} is in use; stop what listens there, or use another port`,
    })
    const error = await failureOf('tcp://192.0.2.1:0')
    expect(error.code).to.equal('LISTEN_FAILED')
    expect(error.message).to.match(/^cannot listen at tcp:\/\/192\.0\.2\.1:0: /)
  })

  it('refuses what it cannot do with the options that it has, naming what is missing', async () => {
    for (const [address, hint] of [
      ['ws://127.0.0.1:8080', 'listenWeb(server, { port: 8080 })'],
      ['tls://127.0.0.1:0', 'needs the option tls: { key, cert }'],
      ['memory:here', 'needs the option network: a MemoryNetwork'],
    ] as const) {
      const error = await failureOf(address)
      expect(error.code).to.equal('LISTEN_FAILED')
      expect(error.message).to.contain(hint)
    }
  })

  it('leaves no address open when another one of its list fails', async () => {
    const { address } = await open('tcp://127.0.0.1:0')
    const network = new MemoryNetwork()
    const all = [parseAddress('memory:here'), address]
    const error = await listenAll(all, { ...options, network }).catch((error: unknown) => error)
    expect(error).to.be.instanceOf(ServerError).with.property('code', 'ADDRESS_IN_USE')
    expect(() => network.dial('here')).to.throw('no server listens there')
  })

  it('frees its address when it is closed, leaves the links that it took, and may be closed twice', async () => {
    const listener = await open('tcp://127.0.0.1:0')
    const near = await dial(listener)
    await waitFor(() => links.length === 2)
    await listener.close()
    await listener.close()
    await open(formatAddress(listener.address))
    const chunks: Uint8Array[] = []
    const handler = {
      onBytes: (chunk: Uint8Array) => chunks.push(chunk),
      onDrain: () => undefined,
      onEnd: () => undefined,
    }
    for (const link of links) if (link !== near) link.open(handler)
    near.open({ ...handler, onBytes: () => undefined })
    near.write([Buffer.from('still here')])
    await waitFor(() => chunks.length > 0)
  })

  it('frees its name in memory when it is closed', async () => {
    const network = new MemoryNetwork()
    const listener = await open('memory:here', { network })
    expect(listener.fd).to.equal(undefined)
    links.push(network.dial('here'))
    expect(links).to.have.length(2)
    await listener.close()
    expect(() => network.dial('here')).to.throw('no server listens there')
  })

  describe('for TLS', () => {
    before(function () {
      if (certificates === undefined) skip(this, 'there is no openssl command; install the package openssl')
    })

    const open1 = (): Promise<Listener> =>
      open('tls://127.0.0.1:0', { tls: { ...certificates?.server }, maxHandshakes: 1 })

    it('closes the oldest silent connection of the address with most when its handshakes are too many', async () => {
      const accounting = new Accounting({ maxHeldBytes: 2 ** 30, isShared: () => false })
      const tls = { ...certificates?.server }
      const listener = await open('tls://127.0.0.1:0', { tls, maxHandshakes: 3, accounting })
      const taken = (): number | undefined => accounting.usage().places['tlsHandshakes']?.taken
      const attackers: Socket[] = []
      for (let i = 0; i < 2; i++) {
        attackers.push(knock(listener, '127.0.0.66'))
        await waitFor(() => taken() === i + 1)
      }
      const honest = knock(listener, '127.0.0.2')
      await waitFor(() => taken() === 3)
      await dial(listener)
      await waitFor(() => attackers[0]?.closed === true)
      await waitFor(() => taken() === 2)
      expect([attackers[1]?.closed, honest.closed]).to.deep.equal([false, false])
      for (const socket of [...attackers, honest]) socket.destroy()
      await waitFor(() => taken() === 0)
      expect(accounting.heldBytes).to.equal(0)
    })

    it('closes the socket whose handshake failed, and counts it no more', async () => {
      const listener = await open1()
      for (let i = 0; i < 3; i++) {
        const socket = knock(listener).resume()
        await once(socket, 'connect')
        socket.write('no TLS at all\r\n\r\n')
        await once(socket, 'close')
      }
      await waitFor(() =>
        dial(listener).then(
          () => true,
          () => false,
        ),
      )
      expect(links.some((link) => link.peer.transport === 'tls')).to.equal(true)
    })

    it('closes a socket that does not finish its handshake in time', async () => {
      const listener = await open('tls://127.0.0.1:0', { tls: { ...certificates?.server }, handshakeTimeoutMs: 50 })
      const socket = knock(listener).resume()
      await once(socket, 'close')
      expect(links).to.deep.equal([])
    })
  })
})
