// The limit over WebSockets: bytes of the value's size, a message for each call, there and back; nobody looks at them.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { Contender } from '../contender.ts'

const headBytes = 4
const encoded = new WeakMap<object, Buffer>()

/** Bytes of the value's size behind room for a number, made once. */
function messageOf(value: object): Buffer {
  const known = encoded.get(value)
  if (known !== undefined) return known
  const body = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value))
  const message = Buffer.concat([Buffer.alloc(headBytes), body])
  encoded.set(value, message)
  return message
}

export const contender: Contender = {
  serve: async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    server.on('connection', (socket) => {
      socket.on('message', async (message) => socket.send(message as Buffer))
    })
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        server.close()
      },
    }
  },
  connect: async (port) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
    await once(socket, 'open')
    const pending: ((value: unknown) => void)[] = []
    const free: number[] = []
    socket.on('message', (message: Buffer) => {
      const slot = message.readUInt32BE(0)
      free.push(slot)
      pending[slot]?.(message.subarray(headBytes))
    })
    return {
      echo: (value) =>
        new Promise((resolve) => {
          const slot = free.pop() ?? pending.length
          pending[slot] = resolve
          // A client masks what it sends, in a copy: so the head may be written again.
          const message = messageOf(value as object)
          message.writeUInt32BE(slot, 0)
          socket.send(message)
        }),
      close: async () => socket.terminate(),
    }
  },
}
