// A server and a client of one contender, each a process of its own, and one measurement with them.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Cell, isLarge, streamedItems } from './cells.ts'
import type { Entry } from './contenders.ts'
import { type Meanwhile, watchProcessors } from './processors.ts'
import type { Extent, Measured, Order } from './worker.ts'

export interface Sample extends Omit<Measured, 'operations' | 'cpuSeconds'>, Meanwhile {
  /** CPU seconds of both processes for 100 000 operations. */
  readonly cpuPer100k: number
}

const answerTimeoutMs = 60_000
/** Before the first sample of a pair, many calls at once: what few calls make hot, V8 has not compiled yet. */
const firstWarmUpMs = 1_200
const warmUpShare = 0.4
/** Workers run compiled, so that they do not carry a compiler and its source maps. */
const compiled = new URL('dist/bench/', import.meta.url)

export class Pair {
  readonly #server: ChildProcess
  readonly #client: ChildProcess
  readonly #port: number
  #isWarm = false

  private constructor(server: ChildProcess, client: ChildProcess, port: number) {
    this.#server = server
    this.#client = client
    this.#port = port
  }

  static async start({ module }: Entry, actions: number): Promise<Pair> {
    const sides = [startScript('worker.js', [module]), startScript('worker.js', [module])] as const
    try {
      await Promise.all(sides.map(answerOf))
      const [server, client] = sides
      return new Pair(server, client, await ask<number>(server, { do: 'serve', actions }))
    } catch (error) {
      for (const side of sides) side.kill('SIGKILL')
      throw error
    }
  }

  async sample(cell: Cell, ms: number): Promise<Sample> {
    const extent = { ms, items: streamedItems, isChecked: false }
    const warmUp = { ms: ms * warmUpShare, items: streamedItems * warmUpShare, isChecked: true }
    if (!this.#isWarm) await this.#warmUp(cell)
    await this.#measure(cell, warmUp)
    const serverBefore = await ask<number>(this.#server, { do: 'cpu' })
    const meanwhile = watchProcessors()
    const { operations, cpuSeconds, ...measured } = await this.#measure(cell, extent)
    const cpu = cpuSeconds + (await ask<number>(this.#server, { do: 'cpu' })) - serverBefore
    return { ...measured, ...meanwhile(cpu), cpuPer100k: (cpu * 100_000) / operations }
  }

  async #warmUp(cell: Cell): Promise<void> {
    this.#isWarm = true
    if (cell.value === undefined) return
    const busy: Cell = { ...cell, links: 1, inFlight: isLarge(cell.value) ? 4 : 64 }
    await this.#measure(busy, { ms: firstWarmUpMs, items: 0, isChecked: true })
  }

  #measure(cell: Cell, extent: Extent): Promise<Measured> {
    return ask<Measured>(this.#client, { do: 'measure', cell, port: this.#port, extent })
  }

  async close(): Promise<void> {
    for (const side of [this.#client, this.#server]) {
      const answer = ask(side, { do: 'close' }).catch(() => undefined)
      const timer = setTimeout(() => side.kill('SIGKILL'), 2_000)
      await answer
      clearTimeout(timer)
      side.kill('SIGKILL')
    }
  }
}

/** CPU seconds for 100 000 calls of the mixed value, were there nothing but superjson and JSON. */
export async function sampleSuperjson(): Promise<number> {
  return (await answerOf(startScript('superjson-alone.js', []))) as number
}

function startScript(script: string, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(script, compiled)), args, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    execArgv: [],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
  })
}

async function ask<T>(side: ChildProcess, order: Order): Promise<T> {
  const answer = answerOf(side)
  side.send(order, () => undefined)
  return (await answer) as T
}

/** The next answer. Rejects when the worker says that it failed, ends, or says nothing for too long. */
function answerOf(side: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      side.off('message', onMessage).off('exit', onExit)
    }
    const onMessage = ({ result, error }: { result?: unknown; error?: string }): void => {
      settle()
      if (error === undefined) resolve(result)
      else reject(new Error(error))
    }
    const onExit = (): void => {
      settle()
      reject(new Error('its process ended'))
    }
    const timer = setTimeout(() => {
      settle()
      reject(new Error(`no answer for ${answerTimeoutMs / 1_000} s`))
    }, answerTimeoutMs)
    side.on('message', onMessage).on('exit', onExit)
  })
}
