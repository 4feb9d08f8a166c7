// `isock start | stop | restart | status | logs`: thin over isock/daemon.
import type { LogLevel } from '../daemon/background-options.ts'
import type { Daemon, DaemonStatus } from '../daemon/daemon.ts'
import { findDaemon, listDaemons, runInBackground } from '../daemon/run-in-background.ts'
import { notRunning } from '../daemon/state-directory.ts'
import { exitCodes } from './exit-codes.ts'
import { debugText, exitCodeOf, messageOf, usageFailure } from './failure.ts'
import { Interruption } from './interruption.ts'
import { print } from './printer.ts'
import { printable, table } from './terminal-text.ts'

export interface StartOptions {
  readonly name: string
  readonly host: string
  readonly port?: number
  readonly path?: string
  readonly tokenFile?: string
  readonly initFile?: string
  readonly logFile?: string
  readonly logLevel: LogLevel
  readonly grace: number
}

export interface NamesOptions {
  readonly all?: boolean
}

export interface StopOptions extends NamesOptions {
  readonly grace?: number
}

export interface StatusOptions {
  readonly json?: boolean
}

export interface LogsOptions extends NamesOptions {
  readonly follow?: boolean
  readonly lines: number
}

export async function start(modules: readonly string[], { grace, ...options }: StartOptions): Promise<void> {
  await orFail(async () => {
    const { name, pid, addresses } = await runInBackground({ ...options, module: modules, graceMs: grace })
    await print(`started ${name} as process ${pid}, listening at ${addresses.join(', ')}\n`)
  })
}

export async function stop(names: readonly string[], options: StopOptions): Promise<void> {
  await eachDaemon(names, options, async (daemon) => {
    await daemon.stop(options.grace === undefined ? {} : { graceMs: options.grace })
    await print(`stopped ${daemon.name}\n`)
  })
}

export async function restart(names: readonly string[], options: NamesOptions): Promise<void> {
  await eachDaemon(names, options, async (daemon) => {
    const { name, pid, addresses } = await daemon.restart()
    await print(`restarted ${name} as process ${pid}, listening at ${addresses.join(', ')}\n`)
  })
}

export async function status(names: readonly string[], { json }: StatusOptions): Promise<void> {
  await orFail(async () => {
    const daemons = names.length === 0 ? listDaemons() : names.map(requireDaemon)
    const all = await Promise.all(daemons.map((daemon) => daemon.status()))
    if (json) for (const each of all) await print(`${JSON.stringify(each)}\n`)
    else if (all.length === 0) await print('there are no daemons\n')
    else await print(printable(table([heading, ...all.map(rowOf)])))
    if (names.length > 0 && !all.every(({ state }) => state === 'running')) process.exitCode = exitCodes.unreachable
  })
}

export async function logs(names: readonly string[], options: LogsOptions): Promise<void> {
  const { follow = false, lines } = options
  const interruption = new Interruption()
  try {
    await orFail(async () => {
      const daemons = await chosen(names, options, false)
      const show = async (daemon: Daemon): Promise<void> => {
        const prefix = daemons.length > 1 ? `${daemon.name}: ` : ''
        for await (const line of daemon.logs({ follow, lines, signal: interruption.signal }))
          await print(`${prefix}${printable(line)}\n`)
      }
      if (follow) await Promise.all(daemons.map(show))
      else for (const daemon of daemons) await show(daemon)
    })
    if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode
  } finally {
    interruption.close()
  }
}

/** All of them, also where one fails; the exit code is that of the first that did. */
async function eachDaemon(
  names: readonly string[],
  options: NamesOptions,
  run: (daemon: Daemon) => Promise<void>,
): Promise<void> {
  await orFail(async () => {
    for (const daemon of await chosen(names, options, true)) await orFail(() => run(daemon))
  })
}

async function chosen(names: readonly string[], { all }: NamesOptions, onlyLiving: boolean): Promise<Daemon[]> {
  if (!all) return (names.length === 0 ? ['default'] : names).map(requireDaemon)
  if (names.length > 0) throw usageFailure('give either names or --all, not both')
  const daemons = listDaemons()
  if (!onlyLiving) return daemons
  const states = await Promise.all(daemons.map((daemon) => daemon.status()))
  return daemons.filter((_, i) => states[i]?.state !== 'stopped')
}

function requireDaemon(name: string): Daemon {
  const daemon = findDaemon(name)
  if (daemon === undefined) throw notRunning(name)
  return daemon
}

async function orFail(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    process.exitCode ??= exitCodeOf(error, false)
    await print(`${debugText(error)}isock: ${printable(messageOf(error))}\n`, process.stderr)
  }
}

const heading = ['NAME', 'STATE', 'PID', 'UPTIME', 'CALLS', 'SESSIONS', 'MEMORY', 'ADDRESS']

function rowOf(status: DaemonStatus): string[] {
  const { name, state } = status
  if (status.state === 'running' || status.state === 'stopping') {
    const { pid, uptimeMs, calls, sessions, memoryBytes, addresses } = status
    const memory = `${(memoryBytes / 2 ** 20).toFixed(0)} MiB`
    return [name, state, String(pid), inWords(uptimeMs), String(calls), String(sessions), memory, addresses.join(', ')]
  }
  const pid = status.state === 'stopped' ? undefined : status.pid
  return [name, state, String(pid ?? '-'), '-', '-', '-', '-', '-']
}

function inWords(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}
