// What goes through one link, and what comes and goes, must leave nothing: calls, items, streams, clients.
import type { Say } from './child.ts'
import { atMost, exactly, type Figure, told } from './figures.ts'
import { heapOf, type LoadProcesses, megabytes, resourceCount, sessionsComeTo, withProcesses } from './processes-of.ts'

export interface FlatHeapSize {
  readonly calls: number
  readonly items: number
  readonly streams: number
  readonly cycles: number
}

type Part = keyof FlatHeapSize

/** At full size; at a reduced one, what the engine itself does weighs more. */
const defaultMostGrowthMb = 2
/** Of each part runs beforehand: what is compiled and cached then is not counted. */
const warmUpShare = 0.1
const leastWarmUp = 2_000

export function flatHeap(size: FlatHeapSize, say: Say, mostGrowthMb = defaultMostGrowthMb): Promise<Figure[]> {
  return withProcesses({}, say, async (processes) => {
    const { server, clients, address } = processes
    await clients.ask({ do: 'connect', address, count: 1 })
    const figures: Figure[] = []
    for (const part of ['calls', 'items', 'streams', 'cycles'] as const) {
      figures.push(...(await growthOver(part, size[part], mostGrowthMb, processes)))
    }
    await clients.ask({ do: 'close' })
    return [...figures, exactly('sessions when all clients have left', await sessionsComeTo(server, 0), 0)]
  })
}

async function growthOver(
  part: Part,
  count: number,
  mostGrowthMb: number,
  { server, clients }: LoadProcesses,
): Promise<Figure[]> {
  const both = [server, clients]
  await clients.ask({ do: part, count: Math.min(count, Math.max(leastWarmUp, count * warmUpShare)) })
  await sessionsComeTo(server, 1)
  const resources = await Promise.all(both.map(resourceCount))
  const heaps = await Promise.all(both.map(heapOf))
  const startedAtMs = performance.now()
  await clients.ask({ do: part, count })
  const seconds = (performance.now() - startedAtMs) / 1_000
  const sessions = await sessionsComeTo(server, 1)
  const heapsAfter = await Promise.all(both.map(heapOf))
  const resourcesAfter = await Promise.all(both.map(resourceCount))
  const grown = (index: number): number => megabytes((heapsAfter[index] ?? 0) - (heaps[index] ?? 0))
  const opened = (index: number): number => (resourcesAfter[index] ?? 0) - (resources[index] ?? 0)
  const what = `${count.toLocaleString('en').replaceAll(',', ' ')} ${part}`
  return [
    told(`${what}: per second`, count / seconds),
    atMost(`${what}: growth of the heap of the server`, grown(0), mostGrowthMb, 'MB'),
    atMost(`${what}: growth of the heap of the client`, grown(1), mostGrowthMb, 'MB'),
    atMost(`${what}: timers and sockets that stay`, Math.max(opened(0), opened(1)), 1),
    exactly(`${what}: sessions`, sessions, 1),
  ]
}
