// What is counted: operations that isock does in one process, client and server, over real sockets.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { data, field, Model } from '../../lib/data.ts'
import { Action, Channel, Client, Server } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { itemAt, values } from '../cells.ts'

export interface Workload {
  readonly name: string
  /** Operations of one sample: as many as fit into memory without a collection. */
  readonly operations: number
  /** Prepares it; the function does so many operations. */
  begin(): Promise<Running>
}

export interface Running {
  run(operations: number): Promise<unknown>
  end(): Promise<unknown>
}

class Echo extends Action {
  override async action(value: unknown): Promise<unknown> {
    return value
  }
}

class Items extends Action {
  override async *action(upTo: number): AsyncGenerator<{ id: number; name: string }, void, undefined> {
    for (let id = 0; id < upTo; id++) yield itemAt(id)
  }
}

class News extends Channel<object> {}

class Note extends Model {
  text = field.text()
}

/** Which nobody calls. */
class Recorded extends Echo {
  static override readonly actionName: string = 'Recorded'
  static override transactional = true
}

type Place = 'TCP' | 'WebSocket' | 'a store'

const subscribers = 100

export const workloads: readonly Workload[] = [
  calls('small, 1 in flight', values.small, 1, 3_000),
  calls('small, 64 in flight', values.small, 64, 6_400),
  calls('rows, 64 in flight', values.rows, 64, 1_280),
  calls('mix, 64 in flight', values.mix, 64, 1_280),
  calls('1 MiB, 1 in flight', values.bytes, 1, 4),
  calls('small over a WebSocket, 1 in flight', values.small, 1, 3_000, 'WebSocket'),
  calls('small beside actions that nobody calls, of a store, 64 in flight', values.small, 64, 6_400, 'a store'),
  { name: 'item of a stream', operations: 10_000, begin: stream },
  { name: `message to one of ${subscribers} subscribers`, operations: 10_000, begin: publish },
]

function calls(name: string, value: unknown, inFlight: number, operations: number, at?: Place): Workload {
  return {
    name,
    operations,
    begin: async () => {
      const { client, end } = await connected(at)
      const call = () => client.runAction(Echo, value, { timeoutMs: 30_000 })
      return {
        end,
        run: async (count) => {
          let left = count
          const lane = async (): Promise<void> => {
            while (left-- > 0) await call()
          }
          await Promise.all(Array.from({ length: inFlight }, lane))
        },
      }
    },
  }
}

async function stream(): Promise<Running> {
  const { client, end } = await connected()
  return {
    end,
    run: async (count) => {
      for await (const _ of client.runAction(Items, count));
    },
  }
}

async function publish(): Promise<Running> {
  const server = new Server('127.0.0.1', 0)
  server.addChannel(new News())
  await server.listen()
  const clients = Array.from({ length: subscribers }, () => new Client(server.addresses[0] as string))
  let came = 0
  let onAll = (): void => undefined
  const onMessage = (): void => {
    if (++came % subscribers === 0) onAll()
  }
  const subscriptions = clients.map((client) => client.subscribe(News, onMessage))
  await Promise.all(subscriptions.map(({ ready }) => ready))
  const news = server.channel(News)
  return {
    run: async (count) => {
      for (let id = 0; id < count / subscribers; id++) {
        const arrived = new Promise<void>((resolve) => {
          onAll = resolve
        })
        void news.publish(itemAt(id))
        await arrived
      }
    },
    end: async () => {
      for (const subscription of subscriptions) subscription.unsubscribe()
      await Promise.all(clients.map((client) => client.close()))
      await server.shutdown({ graceMs: 0 })
    },
  }
}

async function connected(at: Place = 'TCP'): Promise<{ client: Client; end: Running['end'] }> {
  const folder = mkdtempSync(join(tmpdir(), 'isock-count-'))
  const features = at === 'a store' ? [data({ models: [Note], url: `file:${join(folder, 'store.db')}` })] : []
  const server = new Server('127.0.0.1', 0, { features }).addAction(new Echo()).addAction(new Items())
  if (at === 'a store') server.addAction(new Recorded())
  if (at === 'WebSocket') await listenWeb(server, { port: 0 })
  else await server.listen()
  const client = new Client((server.addresses[0] as string).replace('http:', 'ws:'))
  await client.connect()
  return {
    client,
    end: async () => {
      await client.close()
      await server.shutdown({ graceMs: 0 })
      rmSync(folder, { recursive: true })
    },
  }
}
