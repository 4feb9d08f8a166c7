// Prints which of the heavy packages are loaded: after the imports, with a server without data, and with a store.
import { createRequire } from 'node:module'
import { Action, MemoryNetwork, Server } from 'isock'
import { Database, field, Model } from 'isock/data'

class Echo extends Action {
  override action(text: string): string {
    return text
  }
}

class Note extends Model {
  text = field.text()
}

const heavy = ['@mikro-orm/core', '@mikro-orm/libsql', '@mikro-orm/postgresql', '@node-rs/argon2', 're2js', 'csv-parse']

/** They are CommonJS, or load something that is. A package.json that MikroORM looks into does not count. */
function loaded(): string[] {
  const files = Object.keys(createRequire(import.meta.url).cache)
  return heavy.filter((name) => files.some((file) => file.endsWith('.js') && file.includes(`/node_modules/${name}/`)))
}

const imported = loaded()
const server = new Server({ address: 'memory:x', network: new MemoryNetwork() })
server.addAction(new Echo())
await server.listen()
const served = loaded()
await server.shutdown()
const database = new Database({ models: [Note] })
await database.open()
const opened = loaded()
await database.close()
console.log(JSON.stringify({ imported, served, opened }))
