// The bank: its accounts, its ledger, and the transfer, whose effect and answer are one commit. Started as a program, it is one of the servers:
// `bank.ts <port> <url>`.
import { Action, ActionError, type Context, Server } from 'isock'
import { data, field, Model } from 'isock/data'

export class Account extends Model {
  name = field.text({ unique: true })
  balance = field.integer()
}

/** One for each transfer that was made. */
export class LedgerEntry extends Model {
  transfer = field.text({ index: true })
  amount = field.integer()
}

export const models = [Account, LedgerEntry]

export interface Order {
  /** Chosen by the client, for the count at the end. isock needs none. */
  readonly id: string
  readonly from: string
  readonly to: string
  readonly amount: number
}

export class TooLittle extends ActionError {}

export class Transfer extends Action {
  static override transactional = true
  static override errors = [TooLittle]

  override async action({ id, from, to, amount }: Order, { db }: Context): Promise<number> {
    // Always in the same order, so that two transfers never wait for each other.
    const [first, second] = [from, to].sort() as [string, string]
    const one = await db.get(Account, { name: first }, { lock: true })
    const other = await db.get(Account, { name: second }, { lock: true })
    const [payer, payee] = one.name === from ? [one, other] : [other, one]
    if (payer.balance < amount) throw new TooLittle(`${from} has ${payer.balance}`)
    payer.balance -= amount
    payee.balance += amount
    await db.create(LedgerEntry, { transfer: id, amount })
    return payer.balance
  }
}

if (process.argv[1]?.endsWith('bank.ts')) {
  const [port, url = ''] = process.argv.slice(2)
  const server = new Server('127.0.0.1', Number(port), { features: [data({ models, url, maxConnections: 4 })] })
  server.addAction(new Transfer())
  await server.listen()
  console.log('listening')
}
