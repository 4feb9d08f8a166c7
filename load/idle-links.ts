// Thousands of links that do nothing: what each costs the server, whether all are asked if they live, and how calls of
// another client fare meanwhile.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Say } from './child.ts'
import { atMost, exactly, type Figure, told } from './figures.ts'
import type { Latency } from './latency.ts'
import type { Memory } from './processes/memory.ts'
import { kilobytes, type LoadProcesses, withProcesses } from './processes-of.ts'

export interface IdleLinksSize {
  readonly links: number
  /** Silence after which the server asks; short, so that a round passes while somebody watches. */
  readonly heartbeatMs: number
}

/** Opened before the first measurement, so that what the server needs once is not counted. */
const warmUpLinks = 200
/** Of heap and external memory; and of resident memory, where the collector's reserve counts too. */
const mostPerLink = { heapBytes: 6 * 1024, residentBytes: 11 * 1024 }
const latencyForMs = 1_000
/** With fewer links, what the collector keeps in reserve outweighs what they take. */
const leastForResident = 5_000
/** Descriptors that a process needs beside its links. */
const spareFiles = 200

export function idleLinks({ links: wanted, heartbeatMs }: IdleLinksSize, say: Say): Promise<Figure[]> {
  const count = Math.min(wanted, openFilesLimit() - spareFiles - warmUpLinks)
  if (count < wanted) say(`only ${count} links: the limit on open files (ulimit -n) is ${openFilesLimit()}`)
  const limits = { heartbeatMs, deadAfterMs: heartbeatMs * 3 }
  return withProcesses(limits, say, async ({ server, clients, links, address }) => {
    const port = Number(new URL(address).port)
    await clients.ask({ do: 'connect', address, count: 1 })
    await links.ask({ do: 'open', port, count: warmUpLinks })
    await measureLatency(clients)
    const alone = await measureLatency(clients)
    const before = await server.ask<Memory>({ do: 'memory' })
    await links.ask({ do: 'open', port, count: warmUpLinks + count })
    const after = await server.ask<Memory>({ do: 'memory' })
    say('waiting until each link was asked whether it lives')
    const among = await measureLatency(clients)
    const { open, leastPings } = await heartbeatRound(links, heartbeatMs)
    const sessions = await server.ask<number>({ do: 'sessions' })
    const perLink = (field: keyof Memory): number => (after[field] - before[field]) / count
    return [
      exactly('links that are open after the heartbeat', open - warmUpLinks, count),
      exactly('sessions at the server', sessions - warmUpLinks - 1, count),
      told('times that each link was asked, at least', leastPings),
      atMost(
        'heap and external memory per link',
        kilobytes(perLink('heapBytes') + perLink('externalBytes')),
        kilobytes(mostPerLink.heapBytes),
        'KB',
      ),
      count < leastForResident
        ? told('resident memory per link', kilobytes(perLink('rssBytes')), 'KB')
        : atMost(
            'resident memory per link',
            kilobytes(perLink('rssBytes')),
            kilobytes(mostPerLink.residentBytes),
            'KB',
          ),
      told('median of a call without them', alone.medianMs, 'ms'),
      atMost('median of a call beside them', among.medianMs, alone.medianMs * 3 + 1, 'ms'),
      atMost('99th percentile beside them', among.p99Ms, alone.p99Ms * 3 + 50, 'ms'),
    ]
  })
}

function measureLatency(clients: LoadProcesses['clients']): Promise<Latency> {
  return clients.ask<Latency>({ do: 'latency', forMs: latencyForMs, pauseMs: 1 })
}

interface LinksState {
  readonly open: number
  readonly leastPings: number
}

/** Waits until every link was asked, or would be dead by now. */
async function heartbeatRound(links: LoadProcesses['links'], heartbeatMs: number): Promise<LinksState> {
  const endAtMs = performance.now() + heartbeatMs * 4
  for (;;) {
    const state = await links.ask<LinksState>({ do: 'state' })
    if (state.leastPings >= 1 || performance.now() > endAtMs) return state
    await sleep(100)
  }
}

/** Node raises the soft limit to the hard one by itself. */
function openFilesLimit(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } }
  const limit = Number(report.userLimits?.open_files?.soft)
  return Number.isFinite(limit) ? limit : Number.POSITIVE_INFINITY
}
