// One of the servers that are killed: `<json of ServerPlace>`. Its bank has accounts with a constant sum, lists that only grow, and effects
// in a file outside of the store.
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { data, field, Model } from '../../../lib/data.ts'
import { type Context, type Feature, Server } from '../../../lib/index.ts'
import {
  Append,
  accounts,
  Effect,
  lists,
  type Numbered,
  OpenBank,
  type Order,
  opening,
  type Receipt,
  TooLittle,
  Transfer,
} from '../contracts.ts'
import { Aim, type AimOrder } from './aim.ts'

export interface ServerPlace {
  readonly port: number
  readonly url: string
  /** The file of effects. */
  readonly effects: string
}

class Account extends Model {
  name = field.text({ unique: true })
  balance = field.integer()
}

class List extends Model {
  name = field.text({ unique: true })
  size = field.integer()
}

/** One for each transfer. */
class Entry extends Model {
  call = field.text({ index: true })
  token = field.text()
  payer = field.text()
  payee = field.text()
  amount = field.integer()
  value = field.integer()
}

/** One for each place of a list. */
class Item extends Model {
  call = field.text({ index: true })
  token = field.text()
  list = field.text()
  value = field.integer()
}

const models = [Account, List, Entry, Item]
const { port, url, effects } = JSON.parse(process.argv[2] as string) as ServerPlace
const aim = new Aim()
if (url.startsWith('file:')) aim.watchCommits()

/** So that several calls are under way at any moment. */
const pause = (mostMs: number): Promise<void> => sleep(Math.random() * mostMs)

class OpenBankHere extends OpenBank {
  static override actionName = 'OpenBank'

  async action(_: null, { db }: Context): Promise<number> {
    if ((await db.count(Account)) > 0) return 0
    for (const name of accounts) await db.create(Account, { name, balance: opening })
    for (const name of lists) await db.create(List, { name, size: 0 })
    return accounts.length
  }
}

class TransferHere extends Transfer {
  static override actionName = 'Transfer'

  async action({ id, from, to, amount }: Order, { db }: Context): Promise<Receipt> {
    aim.reached('handler starts')
    // Always in the same order, so that two transfers never wait for each other.
    const [first, second] = [from, to].sort() as [string, string]
    const one = await db.get(Account, { name: first }, { lock: true })
    const other = await db.get(Account, { name: second }, { lock: true })
    aim.reached('rows are locked')
    const [payer, payee] = one.name === from ? [one, other] : [other, one]
    const token = randomUUID()
    payer.balance -= amount
    payee.balance += amount
    const value = payer.balance
    await db.create(Entry, { call: id, token, payer: from, payee: to, amount, value })
    await pause(2)
    aim.reached('rows are written')
    // After the write, which is undone.
    if (value < 0) throw new TooLittle(`${from} has too little`)
    return { token, value }
  }
}

class AppendHere extends Append {
  static override actionName = 'Append'

  async action({ id, list }: Numbered & { readonly list: string }, { db }: Context): Promise<Receipt> {
    aim.reached('handler starts')
    const row = await db.get(List, { name: list }, { lock: true })
    aim.reached('rows are locked')
    const token = randomUUID()
    row.size += 1
    const value = row.size
    await db.create(Item, { call: id, token, list, value })
    aim.reached('rows are written')
    return { token, value }
  }
}

class EffectHere extends Effect {
  static override actionName = 'Effect'

  async action({ id }: Numbered): Promise<Receipt> {
    aim.reached('handler starts')
    await pause(5)
    const token = randomUUID()
    appendFileSync(effects, `${id} ${token}\n`)
    await pause(5)
    return { token, value: 0 }
  }
}

/** Evidence, where a promise is broken: what became of sessions, and when. */
const say = (...words: readonly unknown[]): void => console.error(new Date().toISOString(), process.pid, ...words)
const sessionChanges: Feature = {
  name: 'sessionChanges',
  attach: () => ({ onSessionChange: ({ id }, change) => say(id, change) }),
}

const server = new Server('127.0.0.1', port, {
  features: [data({ models, url, maxConnections: 6, idleTransactionMs: 3_000 }), sessionChanges],
  log: {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields, message) => say(message, fields),
    error: (fields, message) => say(message, fields),
  },
  limits: { heartbeatMs: 1_000, deadAfterMs: 3_000, handshakeTimeoutMs: 2_000 },
})
server.addAction(new OpenBankHere()).addAction(new TransferHere())
server.addAction(new AppendHere()).addAction(new EffectHere())
process.on('message', (order: AimOrder) => aim.next(order))
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => void server.shutdown({ graceMs: 20_000 }).finally(() => process.exit()))
await server.listen()
say('listens')
console.log('listening')
