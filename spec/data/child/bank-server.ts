// A bank in a process that a spec kills: `<port> <url> [schema] [durability]`. Its accounts have a sum that no transfer changes, and a ledger with one
// entry for each transfer.
import { Action, type Context, Server } from 'isock'
import { data, field, Model } from 'isock/data'

export class Account extends Model {
  name = field.text({ unique: true })
  balance = field.integer()
}

export class Transferred extends Model {
  key = field.text({ index: true })
}

export interface Transfer {
  readonly key: string
  readonly from: string
  readonly to: string
  readonly amount: number
}

export class Move extends Action {
  static override transactional = true

  async action({ key, from, to, amount }: Transfer, { db }: Context): Promise<string> {
    // Always in the same order, so that two of them never wait for each other.
    const [first, second] = [from, to].sort() as [string, string]
    const one = await db.get(Account, { name: first }, { lock: true })
    const other = await db.get(Account, { name: second }, { lock: true })
    const [payer, payee] = one.name === from ? [one, other] : [other, one]
    payer.balance -= amount
    payee.balance += amount
    await db.create(Transferred, { key })
    return key
  }
}

export const accounts = ['a', 'b', 'c', 'd']

if (process.argv[1]?.includes('bank-server')) {
  const [port, url, schema = '', durability] = process.argv.slice(2)
  const options = { models: [Account, Transferred], url, maxConnections: 4 }
  const features = [
    data({
      ...options,
      ...(schema === '' ? {} : { schema }),
      ...(durability === 'normal' ? { durability } : {}),
    }),
  ]
  const server = new Server('127.0.0.1', Number(port), { features })
  server.addAction(new Move())
  await server.listen()
  console.log('listening')
}
