// A durable service in a process that a spec kills: `<port> <url> [schema]`. Its states are lists, which only grow; each note has
// a row, too.
import { Server, Service, type ServiceContext } from 'isock'
import { data, field, Model } from 'isock/data'

export class Noted extends Model {
  note = field.text()
}

export class Log extends Service<string[], string> {
  static override durable = true

  init(): string[] {
    return []
  }

  async exec(notes: string[], note: string, { db, respond }: ServiceContext<number>): Promise<string[]> {
    await db.create(Noted, { note })
    // In place: the next turn decodes the state again.
    notes.push(note)
    await respond(notes.length)
    return notes
  }

  override async exit(notes: string[], _args: undefined, { respond }: ServiceContext<string[]>): Promise<void> {
    await respond(notes)
  }
}

if (process.argv[1]?.includes('log-server')) {
  const [port, url, schema = ''] = process.argv.slice(2)
  const features = [data({ models: [Noted], url, maxConnections: 4, ...(schema === '' ? {} : { schema }) })]
  const server = new Server('127.0.0.1', Number(port), { features })
  server.addService(Log)
  await server.listen()
  console.log('listening')
}
