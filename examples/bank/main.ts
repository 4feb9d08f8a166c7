// Three servers over one database, and clients that transfer money, while one server after the other is killed and started again. Then it
// counts: `npx tsx examples/bank/main.ts [seconds]`. The database is the PostgreSQL of BANK_URL, or else a file that the three share.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'isock'
import { Database } from 'isock/data'
import { Account, LedgerEntry, models, type Order, TooLittle, Transfer } from './bank.ts'

const seconds = Number(process.argv[2] ?? 6)
const clientCount = 4
const callsOfEach = 4
const opening = 100
/** Several runs may use one database. */
const run = `run ${Date.now()}`
const accounts = ['ann', 'ben', 'cem', 'dee', 'eve'].map((name) => `${run}: ${name}`)

const directory = mkdtempSync(join(tmpdir(), 'isock-bank-'))
const { BANK_URL: url = `file:${join(directory, 'bank.db')}` } = process.env
console.log(
  url.startsWith('file:')
    ? 'over a file, which has one writer at a time; name a PostgreSQL with BANK_URL=postgres://user@host/database'
    : 'over PostgreSQL',
)

const outcomes = { acknowledged: new Set<string>(), refused: new Set<string>(), unknown: new Map<string, unknown>() }
const ports = [await freePort(), await freePort(), await freePort()]
const addresses = ports.map((port) => `tcp://127.0.0.1:${port}`)
const database = await new Database({ models, url }).open()
await database.migrate()
await database.transaction(async (db) => {
  for (const name of accounts) await db.create(Account, { name, balance: opening })
})
const servers = await Promise.all(ports.map(start))

let isOver = false
const clients = Array.from({ length: clientCount }, (_, number) => {
  // Each client begins at another server. When that is gone, the next one answers what it was asked, because they share their sessions.
  const own = [...addresses.slice(number % 3), ...addresses.slice(0, number % 3)]
  return new Client(own, { sharedSessions: true, retry: 1_000, patienceMs: 60_000, backoff: { minMs: 10, maxMs: 200 } })
})
// The first transfer of a client records its session; what it asks from then on is answered.
await Promise.all(clients.map((client, number) => transferOnce(client, `${number}`)))
const transferring = clients.flatMap((client, number) =>
  Array.from({ length: callsOfEach }, (_, lane) => transfer(client, `${number}.${lane}`)),
)

let kills = 0
for (const endsAt = Date.now() + seconds * 1_000; kills < servers.length || Date.now() < endsAt; kills++) {
  await sleep(1_000)
  const which = kills % servers.length
  await kill(servers[which] as ChildProcess)
  console.log(`${outcomes.acknowledged.size} transfers, server ${which + 1} was killed`)
  servers[which] = await start(ports[which] as number)
}
isOver = true
await Promise.all(transferring)
await Promise.all(clients.map((client) => client.close()))
await Promise.all(servers.map(kill))
process.exitCode = (await count()) ? 0 : 1
await database.close()
rmSync(directory, { recursive: true })

/** One transfer after the other, until it is over. */
async function transfer(client: Client, name: string): Promise<void> {
  for (let i = 0; !isOver; i++) await transferOnce(client, `${name}.${i}`)
}

async function transferOnce(client: Client, name: string): Promise<void> {
  const [from, to] = [...accounts].sort(() => Math.random() - 0.5) as [string, string]
  const order: Order = { id: `${run} ${name}`, from, to, amount: 1 + Math.floor(Math.random() * 20) }
  try {
    await client.runAction(Transfer, order, { timeoutMs: 60_000 })
    outcomes.acknowledged.add(order.id)
  } catch (error) {
    if (error instanceof TooLittle) outcomes.refused.add(order.id)
    else outcomes.unknown.set(order.id, error)
  }
}

/** Whether the database has what the clients were answered. */
async function count(): Promise<boolean> {
  const [balances, entries] = await database.transaction(async (db) => [
    (await db.query(Account)).filter(({ name }) => accounts.includes(name)).map(({ balance }) => balance),
    (await db.query(LedgerEntry)).map(({ transfer: id }) => id).filter((id) => id.startsWith(run)),
  ])
  const { acknowledged, refused, unknown } = outcomes
  const ledger = new Set(entries)
  const sum = balances.reduce((total, balance) => total + balance, 0)
  const doubles = entries.length - ledger.size
  const lost = [...acknowledged].filter((id) => !ledger.has(id)).length
  const unwanted = [...refused].filter((id) => ledger.has(id)).length
  console.table({
    'servers killed': kills,
    'sum of the accounts': `${sum} of ${opening * accounts.length}`,
    'transfers acknowledged': acknowledged.size,
    'transfers refused (too little)': refused.size,
    'entries in the ledger': entries.length,
    'made twice': doubles,
    'acknowledged, but lost': lost,
    'refused, but made': unwanted,
    'outcome unknown to the client': unknown.size,
  })
  for (const [id, error] of unknown) console.log(`${id}: ${error}`)
  return sum === opening * accounts.length && doubles + lost + unwanted === 0 && acknowledged.size > 0
}

async function start(port: number): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('bank.ts', import.meta.url))
  const child = spawn(process.execPath, [...process.execArgv, program, String(port), url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await Promise.race([
    once(createInterface(child.stdout as NodeJS.ReadableStream), 'line'),
    once(child, 'exit'),
  ])) as [unknown]
  if (line !== 'listening') throw new Error(`a server ended instead of listening: ${line}`)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
