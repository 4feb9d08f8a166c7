// Cap'n Web over a WebSocket of `ws`.
import { once } from 'node:events'
import { newWebSocketRpcSession, RpcTarget } from 'capnweb'
import { WebSocket, WebSocketServer } from 'ws'
import { itemAt } from '../../cells.ts'
import type { Contender } from '../../contender.ts'

type Item = ReturnType<typeof itemAt>

class Bench extends RpcTarget {
  async echo(value: unknown): Promise<unknown> {
    return value
  }

  count(upTo: number): ReadableStream<Item> {
    let next = 0
    return new ReadableStream<Item>({
      pull: (controller) => {
        if (next === upTo) controller.close()
        else controller.enqueue(itemAt(next++))
      },
    })
  }
}

/** What the client sees of the server. */
interface Remote extends Disposable {
  echo(value: unknown): Promise<unknown>
  count(upTo: number): Promise<ReadableStream<Item>>
}

// It asks the global class for its constants; Node 20 has none.
Object.assign(globalThis, { WebSocket })

/** Its types ask for the browser's WebSocket. */
type SessionSocket = Parameters<typeof newWebSocketRpcSession>[0]

export const contender: Contender = {
  serve: async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 16 * 1024 * 1024 })
    server.on('connection', (socket) => {
      newWebSocketRpcSession(socket as unknown as SessionSocket, new Bench())
    })
    await once(server, 'listening')
    return {
      port: (server.address() as { port: number }).port,
      close: async () => {
        server.close()
      },
    }
  },
  connect: async (port) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { maxPayload: 16 * 1024 * 1024 })
    await once(socket, 'open')
    const remote = newWebSocketRpcSession(socket as unknown as SessionSocket) as unknown as Remote
    return {
      echo: (value) => remote.echo(value),
      stream: async (upTo) => {
        let came = 0
        const reader = (await remote.count(upTo)).getReader()
        while (!(await reader.read()).done) came++
        return came
      },
      close: async () => socket.terminate(),
    }
  },
}
