// What this process holds after its garbage is collected. Needs --expose-gc.
import { setTimeout as sleep } from 'node:timers/promises'

export interface Memory {
  /** Of JavaScript's heap. */
  readonly heapBytes: number
  /** Of array buffers and the like, outside of it. */
  readonly externalBytes: number
  readonly rssBytes: number
}

const rounds = 3
const pauseMs = 50

/** Between the rounds what was let go of is finalised: sockets, buffers. */
export async function measureMemory(): Promise<Memory> {
  for (let round = 0; round < rounds; round++) {
    globalThis.gc?.()
    await sleep(pauseMs)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapBytes: heapUsed, externalBytes: external, rssBytes: rss }
}

/** What a soak looks at each second: the heap after a collection, and how much this process holds open. */
export interface ProcessSample {
  readonly heapBytes: number
  readonly handles: number
}

export function takeSample(): ProcessSample {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return { heapBytes: heapUsed + external, handles: process.getActiveResourcesInfo().length }
}

/** What keeps this process busy: timers, sockets, requests, by kind. */
export function countResources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
