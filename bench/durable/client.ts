// A client of this comparison, and what it measures: `client.js <port>`.
import { Client } from '../../lib/index.ts'
import { takeOrders } from '../child.ts'
import { type Callable, callable, type Echo, entry } from './actions.ts'
import { type Load, sample } from './sampling.ts'

export type ClientOrder =
  | { readonly do: 'call'; readonly action: Callable; readonly load: Load; readonly beside?: Beside }
  | { readonly do: 'close' }

/** Calls that are made at the same time, over a connection of their own. They are what is measured. */
export interface Beside {
  readonly action: Callable
  readonly load: Load
}

const client = new Client('127.0.0.1', Number(process.argv[2]))
const other = new Client('127.0.0.1', Number(process.argv[2]))
await Promise.all([client.connect(), other.connect()])

takeOrders(async (order: ClientOrder) => {
  if (order.do === 'close') return Promise.all([client.close(), other.close()])
  const { action, load, beside } = order
  const main = sample(load, () => call(client, action))
  if (beside === undefined) return main
  const measured = sample(beside.load, () => call(other, beside.action))
  await main
  return measured
})

/** All of them take the same data. */
function call(by: Client, action: Callable): Promise<unknown> {
  return by.runAction(callable[action] as typeof Echo, entry)
}
