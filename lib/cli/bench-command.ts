// `isock bench`: measures how many calls of an action a server handles, and how long they take.
import { followSignal } from '../core/base/followed-signals.ts'
import type { Client } from '../facade/client.ts'
import { benchLine, benchText, progressText } from './bench-report.ts'
import { readCallData } from './call-data.ts'
import { type ConnectOptions, withClients } from './connect.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { exitCodeOf, usageFailure } from './failure.ts'
import { Load } from './load.ts'
import { print, printAsIs, printJson } from './output.ts'

export interface BenchOptions extends ConnectOptions {
  readonly inFlight: number
  readonly links: number
  /** Milliseconds. */
  readonly duration?: number
  readonly calls?: number
  readonly rate?: number
}

const defaultDurationMs = 5_000

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
    const progress = options.json ? undefined : showProgress(load)
    await load.run(signal)
    await progress?.end()
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

/** A line that is overwritten on a terminal; elsewhere a line each second. */
function showProgress(load: Load): { end(): Promise<void> } {
  const { isTTY: isTerminal } = process.stderr
  const show = (): void => {
    process.stderr.write(isTerminal ? `\r${progressText(load)}\u001b[K` : `${progressText(load)}\n`)
  }
  const timer = setInterval(show, isTerminal ? 200 : 1_000)
  return {
    end: async () => {
      clearInterval(timer)
      if (isTerminal) await printAsIs('\r\u001b[K', process.stderr)
    },
  }
}
