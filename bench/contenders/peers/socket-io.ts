// Socket.IO over WebSocket only; a call is an emit that is acknowledged with the value.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import { itemAt } from '../../cells.ts'
import type { Contender } from '../../contender.ts'

export const contender: Contender = {
  serve: async () => {
    const http = createServer()
    const server = new Server(http, { transports: ['websocket'], maxHttpBufferSize: 16 * 1024 * 1024 })
    server.on('connection', (socket) => {
      socket.on('echo', async (value: unknown, reply: (value: unknown) => void) => reply(value))
      // It has no streams: an event for each item, with a turn of the loop now and then.
      socket.on('count', async (upTo: number, reply: () => void) => {
        for (let i = 0; i < upTo; i++) {
          socket.emit('item', itemAt(i))
          if (i % 1_000 === 999) await setImmediate()
        }
        reply()
      })
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    return { port: (http.address() as { port: number }).port, close: () => server.close() }
  },
  connect: async (port) => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true })
    await new Promise((resolve, reject) => socket.once('connect', () => resolve(true)).once('connect_error', reject))
    let came = 0
    socket.on('item', () => came++)
    return {
      echo: (value) => new Promise((resolve) => socket.emit('echo', value, resolve)),
      stream: async (upTo) => {
        came = 0
        await new Promise<void>((resolve) => socket.emit('count', upTo, resolve))
        return came
      },
      close: async () => {
        socket.close()
      },
    }
  },
}
