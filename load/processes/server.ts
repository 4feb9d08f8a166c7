// The server of a load, in a process of its own: { do: 'listen', limits }, 'memory', 'resources', 'sessions', 'tally'.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Limits, Server } from '../../lib/index.ts'
import { AddUp, Burn, CountUp, Echo, Make, MakeItems, Numbered, Pooled, UntilCancelled, Weigh } from '../actions.ts'
import { countResources, measureMemory, takeSample } from './memory.ts'
import { takeOrders } from './orders.ts'
import { Places } from './places.ts'
import { Tally } from './tally.ts'

const tally = new Tally()
const places = new Places()
let server: Server | undefined

function burn(costMs: number): number {
  const endAtMs = performance.now() + costMs
  while (performance.now() < endAtMs);
  return costMs
}

takeOrders({
  async listen({ limits }: { limits: Partial<Limits> }): Promise<string> {
    server = new Server({ port: 0, limits })
    server
      .addAction(Echo, (value) => value)
      .addAction(Numbered, (number) => {
        tally.add(number)
        return number
      })
      .addAction(CountUp, async function* (count) {
        for (let i = 0; i < count; i++) yield i
        return count
      })
      .addAction(AddUp, async (items) => {
        let sum = 0
        for await (const item of items) sum += item
        return sum
      })
      .addAction(Burn, burn)
      .addAction(Pooled, (costMs) => places.occupy(costMs))
      .addAction(Make, async ({ bytes, afterMs }) => {
        await sleep(afterMs)
        return new Uint8Array(bytes)
      })
      .addAction(Weigh, async (data) => {
        if (data instanceof Uint8Array) {
          await sleep(400)
          return data.length
        }
        let sum = 0
        for await (const item of data) sum += item.length
        return sum
      })
      .addAction(MakeItems, async function* ({ items, bytes }) {
        for (let i = 0; i < items; i++) yield new Uint8Array(bytes)
        return undefined
      })
      .addAction(UntilCancelled, async (_data, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        return undefined
      })
    await server.listen()
    return server.addresses[0] as string
  },
  memory: measureMemory,
  sample: takeSample,
  resources: countResources,
  sessions: (): number => server?.sessions.length ?? 0,
  tally: () => tally.read(),
  /** Makes room for so many numbers, so that memory does not grow with them. */
  reserve: ({ numbers }: { numbers: number }) => tally.reserve(numbers),
  close: () => server?.shutdown({ graceMs: 1_000 }),
})
