// One side of a measurement in a process of its own: `worker.ts server|client <contender>`. Talks over IPC.
import { type Cell, values } from './cells.ts'
import type { Contender, RunningClient } from './contender.ts'
import { contenders } from './contenders.ts'

/** What a client reports of one cell. Times in milliseconds. */
export interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Processor seconds of this process so far. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function runCalls(
  client: RunningClient,
  value: unknown,
  inFlight: number,
  operations: number,
): Promise<number[]> {
  const latencies: number[] = []
  let started = 0
  const lane = async (): Promise<void> => {
    while (started < operations) {
      started++
      const at = performance.now()
      await client.echo(value)
      latencies.push(performance.now() - at)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return latencies
}

async function measure(client: RunningClient, cell: Cell): Promise<Measured> {
  const startedAt = performance.now()
  if (cell.name === 'stream') {
    const came = (await client.stream?.(cell.operations)) ?? 0
    if (came !== cell.operations) throw new Error(`${came} items of ${cell.operations} came`)
    return { perSecond: (came * 1_000) / (performance.now() - startedAt), p50Ms: 0, p99Ms: 0 }
  }
  const latencies = await runCalls(client, values[cell.name], cell.inFlight, cell.operations)
  const elapsedMs = performance.now() - startedAt
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0
  return { perSecond: (cell.operations * 1_000) / elapsedMs, p50Ms: at(0.5), p99Ms: at(0.99) }
}

type Order =
  | { readonly do: 'serve' }
  | { readonly do: 'connect'; readonly port: number }
  | { readonly do: 'cpu' }
  | { readonly do: 'measure'; readonly cell: Cell }
  | { readonly do: 'close' }

async function work(contender: Contender): Promise<void> {
  let close: () => Promise<void> = async () => undefined
  let client: RunningClient | undefined
  const obey = async (order: Order): Promise<unknown> => {
    switch (order.do) {
      case 'serve': {
        const server = await contender.serve()
        close = server.close
        return server.port
      }
      case 'connect':
        client = await contender.connect(order.port)
        close = client.close
        return true
      case 'measure':
        if (client === undefined) throw new Error('not connected')
        return measure(client, order.cell)
      case 'cpu':
        return cpuSeconds()
      case 'close':
        await close()
        setImmediate(() => process.disconnect())
        return true
    }
  }
  process.on('message', (order: Order) => {
    obey(order).then(
      (result) => process.send?.({ result }),
      (error: Error) => process.send?.({ error: String(error.stack) }),
    )
  })
}

const contender = contenders.find(({ name }) => name === process.argv[2])
if (contender === undefined) throw new Error(`no contender is called ${process.argv[2]}`)
await work(contender)
