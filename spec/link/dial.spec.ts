import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { parseAddress, type SocketAddress, type WebAddress } from '../../lib/link/address.ts'
import { dialSocket } from '../../lib/link/dial.ts'
import { dialWebSocket } from '../../lib/link/web-socket-dial.ts'
import { failureOf } from '../setup/world.ts'

const never = new AbortController().signal

describe('dialing a port that speaks something else', () => {
  const sockets = new Set<Socket>()
  let answer: (socket: Socket) => void
  let server: Server
  let place: string

  beforeEach(async () => {
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => sockets.delete(socket))
      socket.once('data', () => answer(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    place = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('asks whether there is TLS, in one line, where clear text answers', async () => {
    answer = (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    const { message } = await failureOf(dialSocket(parseAddress(`tls://${place}`) as SocketAddress, never))
    expect(message).to.equal(`cannot connect to tls://${place}: wrong version number; does the server speak TLS there?`)
  })

  it('asks whether there is TLS where the port closes', async () => {
    answer = (socket) => socket.destroy()
    const { message } = await failureOf(dialSocket(parseAddress(`tls://${place}`) as SocketAddress, never))
    expect(message).to.match(/^cannot connect to tls:.*; does the server speak TLS there\?$/)
  })

  for (const [what, act] of [
    ['closes', (socket: Socket) => socket.destroy()],
    ['answers something else', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ] as const) {
    it(`names the addresses of sockets where a port that a WebSocket asks ${what}`, async () => {
      answer = act
      const { message } = await failureOf(dialWebSocket(parseAddress(`ws://${place}`) as WebAddress, never))
      expect(message).to.match(/; is it a port of listenWeb\? Others are tcp:\/\/host:port$/)
    })
  }
})
