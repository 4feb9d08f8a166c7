// rpc-websockets: JSON-RPC 2.0 over a WebSocket.
import { setImmediate } from 'node:timers/promises'
import { Client, Server } from 'rpc-websockets'
import { itemAt } from '../../cells.ts'
import type { Contender } from '../../contender.ts'

export const contender: Contender = {
  serve: async () => {
    const server = new Server({ host: '127.0.0.1', port: 0 })
    server.register('echo', async ({ value }) => value)
    server.event('item')
    // It has no streams: a notification for each item, with a turn of the loop now and then.
    server.register('count', async ({ upTo }) => {
      for (let i = 0; i < upTo; i++) {
        server.emit('item', itemAt(i))
        if (i % 1_000 === 999) await setImmediate()
      }
      return upTo
    })
    await new Promise((resolve) => server.once('listening', () => resolve(true)))
    return {
      port: (server.wss.address() as { port: number }).port,
      close: async () => {
        await server.close()
      },
    }
  },
  connect: async (port) => {
    const client = new Client(`ws://127.0.0.1:${port}`, { reconnect: false })
    await new Promise((resolve) => client.once('open', () => resolve(true)))
    let came = 0
    client.on('item', () => came++)
    let isSubscribed = false
    return {
      echo: (value) => client.call('echo', { value }),
      stream: async (upTo) => {
        if (!isSubscribed) await client.subscribe('item')
        isSubscribed = true
        came = 0
        await client.call('count', { upTo })
        return came
      },
      close: async () => client.close(),
    }
  },
}
