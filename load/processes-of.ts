// The processes of one load: started for it, ended with it, however it ends.
import type { Limits } from '../lib/index.ts'
import { Child, type Say } from './child.ts'
import type { Memory } from './processes/memory.ts'

export interface LoadProcesses {
  readonly server: Child
  readonly clients: Child
  readonly links: Child
  /** Where the server listens. */
  readonly address: string
}

export async function withProcesses<T>(
  limits: Partial<Limits>,
  say: Say,
  run: (processes: LoadProcesses) => Promise<T>,
): Promise<T> {
  const server = Child.start('server.ts', say)
  const clients = Child.start('clients.ts', say)
  const links = Child.start('links.ts', say)
  try {
    const address = await server.ask<string>({ do: 'listen', limits })
    return await run({ server, clients, links, address })
  } finally {
    await Promise.all([server.end(), clients.end(), links.end()])
  }
}

/** The heap and what belongs to it outside of it. */
export async function heapOf(child: Child): Promise<number> {
  const { heapBytes, externalBytes } = await child.ask<Memory>({ do: 'memory' })
  return heapBytes + externalBytes
}

/** Timers, sockets and the like that a process holds. */
export async function resourceCount(child: Child): Promise<number> {
  const counts = await child.ask<Record<string, number>>({ do: 'resources' })
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** Asks until it is so many, for a few seconds at most: what a peer was told by the last bytes takes a moment. */
export async function sessionsComeTo(server: Child, wanted: number): Promise<number> {
  const endAtMs = performance.now() + 3_000
  for (;;) {
    const count = await server.ask<number>({ do: 'sessions' })
    if (count === wanted || performance.now() > endAtMs) return count
  }
}

export function megabytes(bytes: number): number {
  return bytes / 1024 / 1024
}

export function kilobytes(bytes: number): number {
  return bytes / 1024
}
