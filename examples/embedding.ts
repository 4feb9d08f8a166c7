// A server and a client inside one process, without a port: for tests, and for programs that may later be split in two.
import { createHarness } from 'isock/testing'
import { Echo } from '../shared-actions/echo.ts'
import { Order, OutOfStock } from '../shared-actions/stock.ts'

const stock = new Map([['teapot', 3]])
await using harness = await createHarness({ actions: [new Echo(), new Order(stock)] })
const { client, address } = harness

console.log(address, await client.runAction(Echo, 'over memory'))
console.log('left:', await client.runAction(Order, { item: 'teapot', quantity: 1 }))

const outcome = await client.runAction(Order, { item: 'teapot', quantity: 9 }).outcome()
console.log('out of stock:', !outcome.ok && outcome.error instanceof OutOfStock)

// A second client of the same server; both are closed with the harness.
const other = await harness.connect({ name: 'other' })
console.log(await other.runAction(Echo, 'over memory, too'))
console.log('sessions:', harness.server.sessions.length)
