// A durable channel in a process that a spec kills: `<port> <url> [schema]`. Clients publish to it, alone and in transactional actions.
import { Action, Channel, type Context, Server } from 'isock'
import { data, field, Model } from 'isock/data'

export class Written extends Model {
  key = field.text({ index: true })
}

export class Log extends Channel<string> {
  static override history = { size: 100_000, ttlMs: 86_400_000 }
  static override durable = true

  override canPublish(): boolean {
    return true
  }
}

export class Append extends Action {
  static override transactional = true

  async action(key: string, { db, publish }: Context): Promise<string> {
    await db.create(Written, { key })
    await publish(Log, key)
    return key
  }
}

export async function serveLog(port: number, url: string, schema: string | undefined): Promise<Server> {
  const place = schema === undefined ? { url } : { url, schema }
  const server = new Server('127.0.0.1', port, { features: [data({ models: [Written], maxConnections: 4, ...place })] })
  server.addAction(new Append()).addChannel(new Log(), { maxQueued: 100_000 })
  await server.listen()
  return server
}

if (process.argv[1]?.includes('channel-server')) {
  const [port, url = '', schema] = process.argv.slice(2)
  await serveLog(Number(port), url, schema)
  console.log('listening')
}
