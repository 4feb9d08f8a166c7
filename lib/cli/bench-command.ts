// `isock bench`: measures how many calls of an action a server handles, and how long they take.
import { followSignal } from '../core/base/followed-signals.ts'
import type { Client } from '../facade/client.ts'
import { benchLine, benchText, liveText, progressText } from './bench-report.ts'
import { readCallData } from './call-data.ts'
import { type ConnectOptions, withClients } from './connect.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { exitCodeOf, usageFailure } from './failure.ts'
import { Load } from './load.ts'
import { print, printJson } from './output.ts'
import { RedrawnBlock, type Terminal } from './redrawn-block.ts'

export interface BenchOptions extends ConnectOptions {
  readonly inFlight: number
  readonly links: number
  /** Milliseconds. */
  readonly duration?: number
  readonly calls?: number
  readonly rate?: number
}

const defaultDurationMs = 5_000
/** Drawing takes a few milliseconds, in which no call is made. */
const drawEveryMs = 200
const lineEveryMs = 1_000

export async function bench(
  address: string,
  action: string,
  json: string | undefined,
  options: BenchOptions,
): Promise<void> {
  await withClients(address, options, options.links, async (clients, signal) => {
    if (options.calls !== undefined && options.duration !== undefined) {
      throw usageFailure('give either --calls or --duration, not both')
    }
    followSignal(signal, () => process.stdin.destroy())
    const data = await readCallData({ json, isStreamed: false })
    await warmUp(clients, action, data, signal)
    const load = new Load({
      places: clients.flatMap((client) =>
        Array.from({ length: options.inFlight }, () => () => client.runAction(action, data)),
      ),
      calls: options.calls,
      durationMs: options.calls === undefined ? (options.duration ?? defaultDurationMs) : undefined,
      rate: options.rate,
    })
    const progress = options.json ? undefined : showProgress(load, process.stderr)
    await load.run(signal)
    progress?.end()
    const asked = { address, action, inFlight: options.inFlight, links: options.links, rate: options.rate }
    await (options.json ? printJson(benchLine(load, asked)) : print(benchText(load)))
    signal.throwIfAborted()
    if (load.failed > 0) process.exitCode = exitCodeOfAll(load)
  })
}

/** Connects all clients, and runs one call: an error that makes every call fail is reported now, rather than counted. */
async function warmUp(clients: readonly Client[], action: string, data: unknown, signal: AbortSignal): Promise<void> {
  await clients[0]?.runAction(action, data, { signal })
  await Promise.all(clients.map((client) => client.connect()))
}

/** The exit code that all failed calls share; otherwise the general one. */
function exitCodeOfAll({ examples }: Load): ExitCode {
  const [first = exitCodes.failed, ...others] = new Set([...examples.values()].map((error) => exitCodeOf(error, true)))
  return others.length > 0 ? exitCodes.failed : first
}

/** A histogram that is drawn over on a terminal; elsewhere a line each second. */
export function showProgress(load: Load, stream: Terminal & { readonly isTTY?: boolean }): { end(): void } {
  if (!stream.isTTY) {
    const timer = setInterval(() => stream.write(`${progressText(load)}\n`), lineEveryMs)
    return { end: () => clearInterval(timer) }
  }
  const block = new RedrawnBlock(stream)
  const timer = setInterval(() => block.draw(liveText(load)), drawEveryMs)
  return {
    end: () => {
      clearInterval(timer)
      block.clear()
    },
  }
}
