// One side of a measurement in a process of its own: `worker.js <module of a contender>`. Takes orders over IPC.
import { isDeepStrictEqual } from 'node:util'
import { type Cell, values } from './cells.ts'
import { takeOrders } from './child.ts'
import type { Contender, RunningClient } from './contender.ts'
import { heldMemory, type Usage, watchUsage } from './usage.ts'

/**
 * What a program has beside its calls: some 12 MiB of objects. V8 marks its heap again and again while that is only a little larger
 * than 8 MiB and large byte arrays come and go, which would measure how much code a contender has, in steps.
 */
export const ballast = Array.from({ length: 100_000 }, (_, id) => ({ id, list: [id] }))

export type Order =
  | { readonly do: 'serve'; readonly actions: number }
  | { readonly do: 'measure'; readonly cell: Cell; readonly port: number; readonly extent: Extent }
  | { readonly do: 'open'; readonly links: number; readonly port: number }
  /** Begins to watch what this process uses. */
  | { readonly do: 'watch' }
  /** What it used since. */
  | { readonly do: 'usage' }
  /** What it holds after a collection. */
  | { readonly do: 'memory' }
  | { readonly do: 'close' }

/** How much to do: calls for so long, or a stream of so many items. */
export interface Extent {
  readonly ms: number
  readonly items: number
  /** Compare first what each link gives back with what was sent: not while it is measured. */
  readonly isChecked: boolean
}

/** What a client reports of one cell. Times in milliseconds. */
export interface Measured {
  readonly operations: number
  readonly perSecond: number
  /** undefined: of a stream. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  /** Of the client, for the operations alone: not for sorting what they took. */
  readonly usage: Usage
}

type Echo = () => PromiseLike<unknown>

class Side {
  readonly #contender: Contender
  readonly #links: RunningClient[] = []
  #closeServer: () => Promise<void> = async () => undefined
  #usage: () => Usage = watchNothing

  constructor(contender: Contender) {
    this.#contender = contender
  }

  async obey(order: Order): Promise<unknown> {
    switch (order.do) {
      case 'serve': {
        const { port, close } = await this.#contender.serve({ actions: order.actions })
        this.#closeServer = close
        return port
      }
      case 'measure':
        await this.#openLinks(order.cell.links, order.port)
        return this.#measure(order.cell, order.extent)
      case 'open':
        await this.#openLinks(order.links, order.port, true)
        return true
      case 'watch':
        this.#usage()
        this.#usage = watchUsage()
        return true
      case 'usage': {
        const usage = this.#usage()
        this.#usage = watchNothing
        return usage
      }
      case 'memory':
        return heldMemory()
      case 'close':
        await Promise.all([...this.#links.map((link) => link.close()), this.#closeServer()])
        return true
    }
  }

  /** `isTried`: each makes a call, and does nothing from then on. */
  async #openLinks(count: number, port: number, isTried = false): Promise<void> {
    const open = async (): Promise<RunningClient> => {
      const link = await this.#contender.connect(port)
      if (isTried) await link.echo(values.small)
      return link
    }
    while (this.#links.length < count) {
      const few = Array.from({ length: Math.min(50, count - this.#links.length) }, open)
      this.#links.push(...(await Promise.all(few)))
    }
  }

  async #measure(cell: Cell, { ms, items, isChecked }: Extent): Promise<Measured> {
    if (cell.value === undefined) return this.#measureStream(items, cell.itemBytes)
    const echoes = this.#links.slice(0, cell.links).map((link) => echoOf(link, cell))
    if (isChecked) for (const echo of echoes) requireSame(await echo())
    const usageSince = watchUsage()
    const startedAt = performance.now()
    const taken = await callUntil(cell.isSpread ? [inTurn(echoes)] : echoes, cell.inFlight, startedAt + ms)
    const seconds = (performance.now() - startedAt) / 1_000
    const usage = usageSince()
    const latencies = Float64Array.from(taken).sort()
    const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0
    return {
      operations: latencies.length,
      perSecond: latencies.length / seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      usage,
    }
  }

  async #measureStream(operations: number, itemBytes: number | undefined): Promise<Measured> {
    const usageSince = watchUsage()
    const startedAt = performance.now()
    const came = await this.#links[0]?.stream?.(operations, itemBytes)
    const seconds = (performance.now() - startedAt) / 1_000
    const usage = usageSince()
    if (came !== operations) throw new Error(`${came} items of ${operations} came`)
    return { operations, perSecond: operations / seconds, p50Ms: undefined, p99Ms: undefined, usage }
  }
}

function watchNothing(): Usage {
  return { cpuSeconds: 0, mebibytes: 0 }
}

function echoOf(link: RunningClient, { value: name, actions }: Cell): Echo {
  const value = values[name as keyof typeof values]
  if (actions === 1) return () => link.echo(value)
  const { echoBy } = link
  if (echoBy === undefined) throw new Error('has no actions to choose from')
  let nth = 0
  return () => echoBy(nth++ % actions, value)
}

function inTurn(echoes: readonly Echo[]): Echo {
  let nth = 0
  return () => (echoes[nth++ % echoes.length] as Echo)()
}

async function callUntil(echoes: readonly Echo[], inFlight: number, untilMs: number): Promise<number[]> {
  const latencies: number[] = []
  const lane = async (echo: Echo): Promise<void> => {
    let at = performance.now()
    do {
      await echo()
      const now = performance.now()
      latencies.push(now - at)
      at = now
    } while (at < untilMs)
  }
  await Promise.all(echoes.flatMap((echo) => Array.from({ length: inFlight }, () => lane(echo))))
  return latencies
}

/** A contender that gives something else back has done less work. */
function requireSame(value: unknown): void {
  for (const sent of Object.values(values)) if (isSame(sent, value)) return
  throw new Error(`not what was sent: ${JSON.stringify(value)?.slice(0, 200)}`)
}

function isSame(sent: unknown, came: unknown): boolean {
  // The raw socket does not know what its bytes are.
  if (came instanceof Uint8Array) {
    return Buffer.compare(came, sent instanceof Uint8Array ? sent : Buffer.from(JSON.stringify(plainOf(sent)))) === 0
  }
  if (!(sent instanceof Object) || sent instanceof Uint8Array) return false
  if (!('fault' in sent)) return isDeepStrictEqual(plainOf(sent), plainOf(came))
  const { fault, ...rest } = sent
  const { fault: cameFault, ...cameRest } = came as typeof sent
  const isFaultSame = fault instanceof RangeError && cameFault instanceof RangeError
  return isFaultSame && fault.message === cameFault.message && isDeepStrictEqual(rest, cameRest)
}

/** Without prototypes that are not plain; bigint as text. */
function plainOf(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}` : part))
  return text === undefined ? undefined : JSON.parse(text)
}

const [, , module] = process.argv
const { contender } = (await import(`./contenders/${module}.js`)) as { contender: Contender }
const side = new Side(contender)
takeOrders((order: Order) => side.obey(order))
