// isock with everything on: sessions, ledger, deadlines, retry, limits. What its variants have in common.

import { Action, type AnyAction, Client, Server, type ServerOptions } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { itemAt } from '../cells.ts'
import type { Contender } from '../contender.ts'

type EchoClass = (abstract new () => AnyAction) & typeof Action<unknown, unknown>

class Count extends Action {
  override async *action(upTo: number): AsyncGenerator<{ id: number; name: string }, number, undefined> {
    for (let i = 0; i < upTo; i++) yield itemAt(i)
    return upTo
  }
}

class Repeat extends Action {
  override async *action({ count, bytes }: { count: number; bytes: number }): AsyncGenerator<Uint8Array> {
    const item = new Uint8Array(bytes)
    for (let i = 0; i < count; i++) yield item
  }
}

/** A contender whose calls are runs of this class; the many actions of `echoBy` are functions. */
export function isockWith(Echo: EchoClass, options: ServerOptions = {}, over: 'TCP' | 'WebSocket' = 'TCP'): Contender {
  return {
    serve: async ({ actions }) => {
      const server = new Server({ port: 0, limits: { maxHeldBytes }, ...options })
        .addAction(new (Echo as unknown as new () => AnyAction)())
        .addAction(new Count())
        .addAction(new Repeat())
      for (let i = 0; i < actions; i++) server.addActions({ [nthName(i)]: async (value: unknown) => value })
      if (over === 'TCP') await server.listen()
      else await listenWeb(server, { port: 0 })
      return { port: Number(new URL(server.addresses[0] as string).port), close: () => server.shutdown() }
    },
    connect: async (port) => {
      const client = new Client(over === 'TCP' ? `tcp://127.0.0.1:${port}` : `ws://127.0.0.1:${port}`)
      await client.connect()
      return {
        echo: (value) => client.runAction(Echo, value, { timeoutMs: 30_000 }),
        echoBy: (nth, value) => client.runAction(nthName(nth), value, { timeoutMs: 30_000 }),
        stream: async (count, bytes) => {
          const items =
            bytes === undefined ? client.runAction(Count, count) : client.runAction(Repeat, { count, bytes })
          let came = 0
          for await (const _ of items) came++
          return came
        },
        close: () => client.close(),
      }
    },
  }
}

/** 64 links with 8 calls of 1 MiB each have 512 MiB on their way; by default a server holds 256. */
const maxHeldBytes = 2 * 1024 ** 3

const names: string[] = []

function nthName(nth: number): string {
  names[nth] ??= `echo${nth}`
  return names[nth]
}
