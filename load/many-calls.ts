// Many links with many calls each: every call is answered, every handler runs once, and nothing of them stays.
import type { Say } from './child.ts'
import { atMost, exactly, type Figure, told } from './figures.ts'
import type { TallyReport } from './processes/tally.ts'
import { heapOf, kilobytes, megabytes, sessionsComeTo, withProcesses } from './processes-of.ts'

export interface ManyCallsSize {
  readonly links: number
  readonly callsEach: number
  /** Default 2: at a reduced size, what the engine itself does weighs more. */
  readonly mostGrowthMb?: number
}

/** Calls of one client at the same time. */
const lanesEach = 4
/** The last answer of each slot that was in use, and what goes with it. */
const mostKeptKb = 10
/** With fewer links, what the process itself compiles and caches outweighs that. */
const leastForPerLink = 500
const leastWarmUpEach = lanesEach * 5

export function manyCalls({ links, callsEach, mostGrowthMb = 2 }: ManyCallsSize, say: Say): Promise<Figure[]> {
  return withProcesses({}, say, async ({ server, clients, address }) => {
    await clients.ask({ do: 'connect', address, count: links })
    const idle = await heapOf(server)
    // Sessions keep their last answers until the slots are used again: from the first calls on, these are there.
    const warmUpEach = Math.max(leastWarmUpEach, callsEach / 5)
    await clients.ask({ do: 'numbered', callsEach: warmUpEach, lanesEach })
    await server.ask({ do: 'tally' })
    const before = await heapOf(server)
    const seconds = await clients.ask<number>({ do: 'numbered', callsEach, lanesEach })
    const tally = await server.ask<TallyReport>({ do: 'tally' })
    const after = await heapOf(server)
    const kept = kilobytes(after - idle) / links
    await clients.ask({ do: 'close' })
    const left = await sessionsComeTo(server, 0)
    const total = links * callsEach
    return [
      exactly('calls that were answered, and ran once', tally.once, total),
      exactly('calls that ran more than once', tally.more, 0),
      told('calls per second', total / seconds),
      atMost('growth of the heap of the server', megabytes(after - before), mostGrowthMb, 'MB'),
      links < leastForPerLink
        ? told('what each link keeps of its calls', kept, 'KB')
        : atMost('what each link keeps of its calls', kept, mostKeptKb, 'KB'),
      exactly('sessions when the clients have left', left, 0),
    ]
  })
}
