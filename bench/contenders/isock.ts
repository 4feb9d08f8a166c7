// isock with everything on, and the same with inherited contexts.
import { Action, Client, type ClientOptions, Server, type ServerOptions } from '../../dist/index.js'
import type { Contender } from '../contender.ts'

class Echo extends Action {
  async action(value: unknown): Promise<unknown> {
    return value
  }
}

class Count extends Action {
  async *action(upTo: number): AsyncGenerator<number, number, undefined> {
    for (let i = 0; i < upTo; i++) yield i
    return upTo
  }
}

function isockWith(name: string, serverOptions: ServerOptions = {}, clientOptions: ClientOptions = {}): Contender {
  return {
    name,
    cells: ['small', 'rows', 'mix', 'bytes', 'stream'],
    serve: async () => {
      const server = new Server({ port: 0, ...serverOptions }).addAction(new Echo()).addAction(new Count())
      await server.listen()
      return { port: Number(new URL(server.addresses[0] as string).port), close: () => server.shutdown() }
    },
    connect: async (port) => {
      const client = new Client('127.0.0.1', port, clientOptions)
      await client.connect()
      return {
        echo: (value) => client.runAction(Echo, value, { timeoutMs: 30_000 }),
        stream: async (count) => {
          let came = 0
          for await (const _ of client.runAction(Count, count)) came++
          return came
        },
        close: () => client.close(),
      }
    },
  }
}

export const isock = isockWith('isock')
export const isockInheriting = isockWith('isock, inheritContext', { inheritContext: true })
