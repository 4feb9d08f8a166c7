// A server and a client of one contender, each a process of its own, and one measurement with them.
import { type Cell, isLarge, streamedItems } from './cells.ts'
import { Child, resultOf } from './child.ts'
import { type Meanwhile, watchProcessors } from './processors.ts'
import type { HeldMemory, Usage } from './usage.ts'
import type { Extent, Measured, Order } from './worker.ts'

export interface Sample extends Meanwhile {
  readonly perSecond: number
  /** undefined: of a stream or a fan-out. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  /** CPU seconds of both processes for 100 000 operations. */
  readonly cpuPer100k: number
  readonly server: SideSample
  readonly client: SideSample
}

export interface SideSample {
  /** CPU microseconds for one operation. */
  readonly cpuMicroseconds: number
  /** The largest resident memory during the sample. */
  readonly mebibytes: number
}

/** Processes that give samples of the cells of one contender. */
export interface Sampler {
  sample(cell: Cell, ms: number): Promise<Sample>
  close(): Promise<void>
}

export interface PairOptions {
  /** In contenders/. */
  readonly module: string
  readonly actions: number
  /** The server can tell what it holds (`serverMemory`). */
  readonly exposesGc?: boolean
}

/** Before the first sample of a pair, many calls at once: what few calls make hot, V8 has not compiled yet. */
export const firstWarmUpMs = 1_200
export const warmUpShare = 0.4

export class Pair implements Sampler {
  readonly port: number
  readonly #server: Child<Order>
  readonly #client: Child<Order>
  #isWarm = false

  private constructor(server: Child<Order>, client: Child<Order>, port: number) {
    this.#server = server
    this.#client = client
    this.port = port
  }

  static async start({ module, actions, exposesGc = false }: PairOptions): Promise<Pair> {
    const server = await Child.start<Order>('worker.js', [module], exposesGc ? ['--expose-gc'] : [])
    let client: Child<Order> | undefined
    try {
      client = await Child.start<Order>('worker.js', [module])
      return new Pair(server, client, await server.ask<number>({ do: 'serve', actions }))
    } catch (error) {
      server.kill()
      client?.kill()
      throw error
    }
  }

  async sample(cell: Cell, ms: number): Promise<Sample> {
    const items = cell.items ?? streamedItems
    const extent = { ms, items, isChecked: false }
    const warmUp = { ms: ms * warmUpShare, items: Math.ceil(items * warmUpShare), isChecked: true }
    if (!this.#isWarm) await this.#warmUp(cell)
    await this.#measure(cell, warmUp)
    await this.#server.ask({ do: 'watch' })
    const meanwhile = watchProcessors()
    const { operations, usage, ...measured } = await this.#measure(cell, extent)
    const served = await this.#server.ask<Usage>({ do: 'usage' })
    return { ...measured, ...sidesOf(operations, served, usage), ...meanwhile(served.cpuSeconds + usage.cpuSeconds) }
  }

  /** Opens links until there are so many, and makes one call on each that is new. */
  async openLinks(count: number): Promise<void> {
    await this.#client.ask({ do: 'open', links: count, port: this.port })
  }

  /** After a collection; needs `exposesGc`. */
  serverMemory(): Promise<HeldMemory> {
    return this.#server.ask<HeldMemory>({ do: 'memory' })
  }

  async #warmUp(cell: Cell): Promise<void> {
    this.#isWarm = true
    if (cell.value === undefined) return
    const busy: Cell = { ...cell, links: 1, inFlight: isLarge(cell.value) ? 4 : 64 }
    await this.#measure(busy, { ms: firstWarmUpMs, items: 0, isChecked: true })
  }

  #measure(cell: Cell, extent: Extent): Promise<Measured> {
    return this.#client.ask<Measured>({ do: 'measure', cell, port: this.port, extent })
  }

  async close(): Promise<void> {
    await this.#client.close({ do: 'close' })
    await this.#server.close({ do: 'close' })
  }
}

/** What so many operations took of both sides. */
export function sidesOf(
  operations: number,
  server: Usage,
  client: Usage,
): Pick<Sample, 'cpuPer100k' | 'server' | 'client'> {
  const sideOf = ({ cpuSeconds, mebibytes }: Usage): SideSample => ({
    cpuMicroseconds: (cpuSeconds * 1e6) / operations,
    mebibytes,
  })
  const cpu = server.cpuSeconds + client.cpuSeconds
  return { cpuPer100k: (cpu * 100_000) / operations, server: sideOf(server), client: sideOf(client) }
}

/** CPU seconds for 100 000 calls of the mixed value, were there nothing but superjson and JSON. */
export async function sampleSuperjson(): Promise<number> {
  return (await resultOf('superjson-alone.js')) as number
}
