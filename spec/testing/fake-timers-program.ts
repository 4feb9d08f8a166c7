// A server, a client and a harness under fake timers, which stand still: `fake-timers-program.ts <vitest|sinon> <link>`.

import {
  Action,
  Client,
  type ClientOptions,
  type Context,
  MemoryNetwork,
  Server,
  type ServerOptions,
} from '../../lib/index.ts'
import { globalClock } from '../../lib/testing/global-clock.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { listenWeb } from '../../lib/web.ts'
import { FakeTimers } from './fake-timers.ts'

class Count extends Action {
  async *action(count: number) {
    for (let n = 0; n < count; n++) yield n
    return 'counted'
  }
}
class Wait extends Action {
  action(_: undefined, { signal }: Context) {
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve('told')))
  }
}

const [manners, link] = process.argv.slice(2) as ['vitest' | 'sinon', string]
const network = new MemoryNetwork()
// What is loaded when it is first used: before the faking, as a test's imports are.
await createHarness({ link: 'tcp' }).then((harness) => harness.close())
if (link === 'a WebSocket') await tryOne({}, {}, 'web')
const fake = new FakeTimers(manners)

if (link === 'harness') {
  const harness = await createHarness({ actions: [new Count(), new Wait()] })
  await use(harness.client)
  const another = await harness.connect()
  await use(another)
  await harness.close()
} else if (link === 'harness with the global clock') {
  const harness = await createHarness({ actions: [new Count(), new Wait()], clock: globalClock })
  await use(harness.client)
  const late = harness.client.runAction(Wait, undefined, { timeoutMs: 30_000 }).outcome()
  await fake.advance(29_999)
  const isEarly = await Promise.race([late.then(() => true), fake.advance(0).then(() => false)])
  await fake.advance(1)
  const outcome = await late
  console.log(isEarly, outcome.ok ? outcome.value : (outcome.error as Error).name)
  const closed = harness.close()
  await fake.advance(5_000)
  await closed
} else if (link === 'memory') await tryOne({ address: 'memory:here', network }, { network })
else if (link === 'tcp') await tryOne({ host: '127.0.0.1', port: 0 }, {})
else await tryOne({}, {}, 'web')
console.log('all is closed')
process.exit(0)

async function tryOne(options: ServerOptions, clientOptions: ClientOptions, where?: 'web'): Promise<void> {
  const server = new Server(options)
  server.addAction(new Count()).addAction(new Wait())
  const address =
    where === 'web' ? (await listenWeb(server, { port: 0 })).address : (await server.listen()).addresses[0]
  const client = new Client(address as string, clientOptions)
  await use(client)
  await client.close()
  const dropped = new Client(address as string, clientOptions)
  await dropped.connect()
  await server.shutdown({ graceMs: 100 })
  await dropped.close()
}

async function use(client: Client): Promise<void> {
  const items: number[] = []
  const call = client.runAction(Count, 100)
  for await (const n of call) items.push(n)
  if (items.length !== 100 || (await call) !== 'counted') throw new Error('it counts wrong')
  // More than a burst of a link in memory, and more than a slice of the run queue.
  for (let i = 0; i < 100; i++) await client.runAction(Count, 0)
  const cancelled = client.runAction(Wait)
  const outcome = cancelled.outcome()
  await client.runAction(Count, 0)
  cancelled.cancel()
  await outcome
}
