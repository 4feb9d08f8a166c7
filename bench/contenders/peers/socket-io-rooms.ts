// Socket.IO over WebSocket only: a room that all sockets are in.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import type { FanoutContender } from '../../fanout/contender.ts'

export const contender: FanoutContender = {
  serve: async () => {
    const http = createServer()
    const server = new Server(http, { transports: ['websocket'] })
    server.on('connection', (socket) => void socket.join('news'))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    return {
      port: (http.address() as { port: number }).port,
      publish: (message) => void server.to('news').emit('story', message),
      close: () => server.close(),
    }
  },
  connect: async (port, subscribers, onMessages) => {
    for (let i = 0; i < subscribers; i++) {
      const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true, reconnection: false })
      socket.on('story', () => onMessages(1))
      await new Promise((resolve, reject) => socket.once('connect', () => resolve(true)).once('connect_error', reject))
    }
  },
}
