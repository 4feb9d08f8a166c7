// Counts what one workload takes for each operation, in a process of its own: memory that is allocated, whether it is
// collected soon or not, and writes to sockets. These figures hardly depend on the machine, nor on what else it does.
import { Socket } from 'node:net'
import { PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Running, Workload } from './workloads.ts'

export interface Counts {
  /** Of objects. */
  readonly heapBytes: number
  /** Of byte arrays. */
  readonly bufferBytes: number
  /** To sockets of either side; several buffers in one write count once. */
  readonly writes: number
}

/** V8 compiles what is hot only after a while. */
const warmUps = 12
/** The least of these counts: a sample may contain what V8 does on the side. */
const samples = 7

let writes = 0
countWritesOf(Socket.prototype)

export async function count({ operations, begin }: Workload): Promise<Counts> {
  const running = await begin()
  for (let i = 0; i < warmUps; i++) await running.run(operations)
  const found: Counts[] = []
  for (let tries = 0; found.length < samples && tries < samples * 3; tries++) {
    const counts = await sample(running, operations)
    if (counts !== undefined) found.push(counts)
  }
  await running.end()
  if (found.length === 0) throw new Error('each sample was disturbed by a collection of garbage: make it smaller')
  return {
    heapBytes: least(found, 'heapBytes'),
    bufferBytes: least(found, 'bufferBytes'),
    writes: least(found, 'writes'),
  }
}

/** undefined: garbage was collected meanwhile, so that nobody knows what was allocated. */
async function sample(running: Running, operations: number): Promise<Counts | undefined> {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc')
  globalThis.gc()
  await nextTurn()
  let collections = 0
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length
  })
  observer.observe({ entryTypes: ['gc'] })
  const before = process.memoryUsage()
  const writesBefore = writes
  await running.run(operations)
  const after = process.memoryUsage()
  const written = writes - writesBefore
  await nextTurn()
  await nextTurn()
  observer.disconnect()
  if (collections > 0) return undefined
  return {
    heapBytes: (after.heapUsed - before.heapUsed) / operations,
    bufferBytes: (after.arrayBuffers - before.arrayBuffers) / operations,
    writes: written / operations,
  }
}

function least(found: readonly Counts[], what: keyof Counts): number {
  return Math.min(...found.map((counts) => counts[what]))
}

type Writing = Record<'_write' | '_writev', (...args: unknown[]) => void>

function countWritesOf(prototype: object): void {
  const writing = prototype as Writing
  for (const name of ['_write', '_writev'] as const) {
    const original = writing[name]
    writing[name] = function (this: unknown, ...args) {
      writes++
      return original.apply(this, args)
    }
  }
}
