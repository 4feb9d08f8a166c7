// The connections of a web port: one address that opens all that there are does not keep others out.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import type { WebGateway } from '../../lib/web.ts'

import { makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { type Serving, WebWorld } from './web-world.ts'

const certificates = makeCertificates()
const attacker = '127.0.0.66'
const honest = '127.0.0.2'

interface Knocking {
  readonly socket: Socket
  text: string
}

describe('The connections of a web port', () => {
  /** Requests that are not answered. */
  let waitingCount: number
  /** Answers at /quick, and nowhere else. */
  const waiting: WebGateway = {
    name: 'waiting',
    mount: () => ({
      onRequest: ({ url }, response) => {
        if (url.pathname === '/quick') response.end('quick')
        else waitingCount++
        return true
      },
      close: async () => undefined,
    }),
  }
  let world: WebWorld
  let serving: Serving

  beforeEach(() => {
    world = new WebWorld()
    waitingCount = 0
  })

  afterEach(() => world.close())

  async function serve(maxConnections: number, options = {}, serverOptions = {}): Promise<void> {
    serving = await world.serve({ maxConnections, gateways: [waiting], ...options }, serverOptions)
  }
  const port = (): number => Number(new URL(serving.web.url).port)
  const taken = (table = 'webConnections'): number => serving.server.usage.places[table]?.taken ?? 0
  const request = (path: string, connection = 'keep-alive'): string =>
    `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port()}\r\nconnection: ${connection}\r\n\r\n`

  /** A connection from an address, which has its place when it is given. */
  async function knock(localAddress: string, text = ''): Promise<Knocking> {
    const socket = connect({ port: port(), host: '127.0.0.1', localAddress }).on('error', () => undefined)
    world.later(() => socket.destroy())
    const knocking: Knocking = { socket, text: '' }
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      knocking.text += chunk
    })
    const before = taken()
    await once(socket, 'connect')
    await waitFor(
      () => taken() > before || socket.closed || before === serving.server.usage.places['webConnections']?.max,
    )
    if (text !== '') socket.write(text)
    return knocking
  }
  const answered = (knocking: Knocking): Promise<unknown> => waitFor(() => knocking.text.includes('quick'))
  const open = (knockings: readonly Knocking[]): boolean[] => knockings.map(({ socket }) => !socket.closed)

  it('make room for another address by the oldest silent one of who has most', async () => {
    await serve(3)
    const silent = [await knock(attacker), await knock(attacker), await knock(attacker)]
    const other = await knock(honest, request('/quick'))
    await answered(other)
    await waitFor(() => silent[0]?.socket.closed === true)
    expect(open([...silent, other])).to.deep.equal([false, true, true, true])
    expect(taken()).to.equal(3)
  })

  it('spare those with a request, as long as there are others', async () => {
    await serve(3)
    const busy = await knock(attacker, request('/never'))
    await waitFor(() => waitingCount === 1)
    const silent = [await knock(attacker), await knock(attacker)]
    const kept = await knock(honest, request('/quick'))
    await answered(kept)
    await waitFor(() => silent[0]?.socket.closed === true)
    await answered(await knock('127.0.0.3', request('/quick')))
    await waitFor(() => silent[1]?.socket.closed === true)
    expect(open([busy, kept])).to.deep.equal([true, true])
  })

  it('are silent again when their answers have left', async () => {
    await serve(3)
    const busy = [await knock(attacker, request('/never'))]
    await waitFor(() => waitingCount === 1)
    const silent = await knock(attacker, request('/quick'))
    await answered(silent)
    busy.push(await knock(attacker, request('/never')))
    await waitFor(() => waitingCount === 2)
    await answered(await knock(honest, request('/quick')))
    await waitFor(() => silent.socket.closed)
    expect(open(busy)).to.deep.equal([true, true])
  })

  it('make room too where one address has them all in use, as WebSockets', async () => {
    await serve(3)
    const sockets: WebSocket[] = []
    for (let i = 0; i < 3; i++) {
      const socket = new WebSocket(`ws://127.0.0.1:${port()}/isock`, { localAddress: attacker })
      world.later(() => socket.terminate())
      socket.on('error', () => undefined)
      await once(socket, 'open')
      sockets.push(socket)
    }
    await answered(await knock(honest, request('/quick')))
    await waitFor(() => sockets[0]?.readyState === WebSocket.CLOSED)
    expect(sockets.slice(1).map(({ readyState }) => readyState)).to.deep.equal([WebSocket.OPEN, WebSocket.OPEN])
  })

  it('are closed as they come where nobody has more', async () => {
    await serve(2)
    const busy = [await knock(attacker, request('/never')), await knock(honest, request('/never'))]
    await waitFor(() => waitingCount === 2)
    const more = await knock('127.0.0.3', request('/quick'))
    await waitFor(() => more.socket.closed)
    expect(open(busy)).to.deep.equal([true, true])
  })

  it('are counted no more when they or the port are closed', async () => {
    await serve(3)
    const knocking = await knock(attacker)
    expect([taken(), serving.server.usage.held.places]).to.deep.equal([1, 4_096])
    knocking.socket.destroy()
    await waitFor(() => taken() === 0)
    expect(serving.server.usage.held.places).to.equal(0)
    await serving.web.close(0)
    await waitFor(() => serving.server.usage.places['webConnections'] === undefined)
  })

  it('are bounded before their TLS handshake is over, too', async function () {
    if (certificates === undefined) skip(this, 'there is no openssl command; install the package openssl')
    await serve(10, { tls: certificates?.server }, { limits: { maxUnauthenticatedLinks: 2 } })
    const silent: Socket[] = []
    for (let i = 0; i < 2; i++) {
      const socket = connect({ port: port(), host: '127.0.0.1', localAddress: attacker }).on('error', () => undefined)
      world.later(() => socket.destroy())
      silent.push(socket)
      await waitFor(() => taken('tlsHandshakes') === i + 1)
    }
    const secure = { port: port(), host: '127.0.0.1', ca: certificates?.ca, servername: 'localhost' }
    const socket = connectTls({ ...secure, localAddress: honest } as never).on('error', () => undefined)
    world.later(() => socket.destroy())
    socket.write(request('/quick'))
    const [text] = await once(socket.setEncoding('utf8'), 'data')
    expect(text).to.include('200 OK')
    await waitFor(() => silent[0]?.closed === true)
    expect([silent[1]?.closed, taken('tlsHandshakes'), taken()]).to.deep.equal([false, 1, 1])
  })
})
