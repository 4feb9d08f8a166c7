// What is believed of a proxy on another machine, whose address the specs' own connections cannot have.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { readProxyHeaders } from '../../lib/core/link/proxy-protocol.ts'
import { SocketLink } from '../../lib/core/link/socket-link.ts'
import { lineFor } from '../setup/proxy-headers.ts'

describe('A PROXY header from another machine', () => {
  const open: { destroy?(): void; close?(): void }[] = []

  afterEach(() => {
    for (const each of open.splice(0)) (each.destroy ?? each.close)?.call(each)
  })

  async function listening(server: Server): Promise<number> {
    open.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as { readonly port: number }).port
  }

  /** A connection of this address that begins with this header, as a server announces it. */
  async function announced(
    address: string | undefined,
    header: string,
  ): Promise<{ raw: Socket; socket: Promise<Socket> }> {
    const accounting = new Accounting({ maxHeldBytes: 1e9, isShared: () => false })
    const server = createServer()
    const isProxy = (each: string): boolean => each === '10.0.0.5'
    readProxyHeaders(server, { isProxy, onRefused: () => undefined, timeoutMs: 5_000, maxWaiting: 10, accounting })
    await listening(server)
    const front = createServer()
    const port = await listening(front)
    const client = connect(port, '127.0.0.1')
    open.push(client)
    client.write(header)
    const [raw] = (await once(front, 'connection')) as [Socket]
    open.push(raw)
    Object.defineProperty(raw, 'remoteAddress', { value: address, configurable: true })
    const socket = once(server, 'connection').then(([each]) => each as Socket)
    server.emit('connection', raw)
    return { raw, socket }
  }

  async function peerOf(address: string, header: string) {
    const { socket } = await announced(address, header)
    const link = new SocketLink(await socket)
    await link.close('abort')
    return [link.peer.address, link.peer.isPrivate]
  }

  it('names its clients', async () => {
    expect(await peerOf('10.0.0.5', lineFor('203.0.113.7'))).to.deep.equal(['203.0.113.7', false])
  })

  it('cannot make them clients of this machine', async () => {
    for (const source of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
      expect(await peerOf('10.0.0.5', lineFor(source)), source).to.deep.equal(['10.0.0.5', false])
  })

  it('has a table of places in the usage while its port listens, and no longer', async () => {
    const accounting = new Accounting({ maxHeldBytes: 1e9, isShared: () => false })
    const server = createServer()
    readProxyHeaders(server, {
      isProxy: () => true,
      onRefused: () => undefined,
      timeoutMs: 5_000,
      maxWaiting: 10,
      accounting,
    })
    await listening(server)
    expect(accounting.usage().places).to.deep.equal({ proxyHeaders: { taken: 0, max: 10 } })
    server.close()
    await once(server, 'close')
    expect(accounting.usage().places).to.deep.equal({})
  })

  it('is not looked for where the connection has lost its peer, and with it whose it was', async () => {
    const { raw } = await announced(undefined, lineFor('203.0.113.7'))
    expect(raw.destroyed).to.equal(true)
  })
})
