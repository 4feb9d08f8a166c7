// A shop whose server is killed in the middle of its orders and started again, over one file: each order is booked once, and each customer gets
// an answer. The server and the customers are this file in two processes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Action, ActionError, Client, type Context, Server } from 'isock'
import { Database, data, field, Model } from 'isock/data'

class Item extends Model {
  name = field.text({ unique: true })
  left = field.integer()
}

class Booking extends Model {
  customer = field.text()
  quantity = field.integer()
}

class OutOfStock extends ActionError {}

/** What it writes and what it answers, an error too, are one commit. */
class Buy extends Action {
  static override transactional = true
  static override errors = [OutOfStock]

  override async action(customer: string, { db }: Context): Promise<number> {
    const item = await db.get(Item, { name: 'teapot' }, { lock: true })
    if (item.left === 0) throw new OutOfStock('no teapot is left')
    item.left--
    await db.create(Booking, { customer, quantity: 1 })
    return item.left
  }
}

const stock = 200
const customers = 240
const kills = 2
const models = [Item, Booking]

const [role, ...args] = process.argv.slice(2)
if (role === 'server') await serve(Number(args[0]), args[1] as string)
else await shop()

async function serve(port: number, url: string): Promise<void> {
  const server = new Server('127.0.0.1', port, { features: [data({ models, url })] })
  server.addAction(new Buy())
  await server.listen()
  console.log('listening')
}

async function shop(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'isock-shop-'))
  const url = `file:${join(directory, 'shop.db')}`
  const port = await freePort()
  let server = await start(port, url)
  await using database = await new Database({ models, url }).open()
  await database.transaction((db) => db.create(Item, { name: 'teapot', left: stock }))

  await using client = new Client('127.0.0.1', port, { retry: 50, backoff: { maxMs: 200 } })
  const outcomes = Array.from({ length: customers }, (_, i) => client.runAction(Buy, `customer ${i}`).outcome())
  const counts = { bought: 0, 'out of stock': 0, other: 0 }
  for (const outcome of outcomes)
    void outcome.then((result) => {
      if (result.ok) counts.bought++
      else if (result.error instanceof OutOfStock) counts['out of stock']++
      else counts.other++
    })

  for (let i = 1; i <= kills; i++) {
    while (counts.bought < (i * stock) / (kills + 1)) await new Promise((resolve) => setTimeout(resolve, 1))
    server.kill('SIGKILL')
    await once(server, 'exit')
    console.log(`killed after ${counts.bought} orders were answered`)
    server = await start(port, url)
  }
  await Promise.all(outcomes)

  const { left, bookings } = await database.transaction(async (db) => ({
    left: (await db.get(Item, { name: 'teapot' })).left,
    bookings: await db.count(Booking),
  }))
  console.log(
    `${counts.bought} of ${customers} customers bought, ${counts['out of stock']} heard "out of stock", ${counts.other} heard else`,
  )
  console.log(`${bookings} bookings, ${left} of ${stock} teapots left`)
  server.kill('SIGTERM')
  await once(server, 'exit')
  rmSync(directory, { recursive: true })
  const isRight =
    counts.bought === stock && counts['out of stock'] === customers - stock && bookings === stock && left === 0
  if (!isRight) throw new Error('something was lost, or happened twice')
}

/** The server's process, once it listens. */
async function start(port: number, url: string): Promise<ChildProcess> {
  const program = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, [...process.execArgv, program, 'server', String(port), url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
