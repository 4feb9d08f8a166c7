// The limit: a loop that writes bytes of a message's size to each socket; nobody looks at them.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { encode } from '@msgpack/msgpack'
import { type FanoutContender, messageAt } from './contender.ts'

/** Length, kind, call, index and number, as isock's frame has them. */
const headBytes = 12

const bytes = new Uint8Array(headBytes + encode(messageAt(1_000)).byteLength)

export const contender: FanoutContender = {
  serve: async () => {
    const sockets = new Set<Socket>()
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket)
      socket.write('.') // it is among them: whoever waits for this misses nothing
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      publish: () => {
        for (const socket of sockets) socket.write(bytes)
      },
      close: () => {
        for (const socket of sockets) socket.destroy()
        server.close()
      },
    }
  },
  connect: async (port, subscribers, onMessages) => {
    for (let i = 0; i < subscribers; i++) {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      await once(socket, 'data')
      let part = 0
      socket.on('data', (chunk) => {
        part += chunk.byteLength
        onMessages(Math.floor(part / bytes.byteLength))
        part %= bytes.byteLength
      })
    }
  },
}
