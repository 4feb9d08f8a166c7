// `isock start | stop | restart | status | logs`: thin wrappers over isock/daemon.
import { IsockError } from '../core/base/errors.ts'
import { printableJson } from '../core/base/terminal-text.ts'
import type { LogLevel } from '../daemon/background-options.ts'
import type { Daemon, DaemonStatus } from '../daemon/daemon.ts'
import { findDaemon, runInBackground } from '../daemon/run-in-background.ts'
import { namesIn, notRunning, stateDirectory } from '../daemon/state-directory.ts'
import type { TlsFiles } from '../modules/tls-files.ts'
import { exitCodes } from './exit-codes.ts'
import { usageFailure } from './failure.ts'
import { Interruption } from './interruption.ts'
import { orFail } from './or-fail.ts'
import { print, printJson } from './output.ts'
import { serverTls } from './server-tls.ts'
import { table } from './table.ts'

export interface StartOptions extends TlsFiles {
  readonly name: string
  readonly host: string
  readonly port?: number
  readonly path?: string
  readonly tokenFile?: string
  readonly allowClearTextToken?: boolean
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
    // Checked here too, so that an error names this command's options.
    serverTls(options, options.port ?? (options.path === undefined ? 0 : undefined))
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
    // Otherwise it would end with this process, immediately.
    const { name, pid, addresses } = await daemon.restart({ exitWithParent: false })
    await print(`restarted ${name} as process ${pid}, listening at ${addresses.join(', ')}\n`)
  })
}

export async function status(names: readonly string[], { json }: StatusOptions): Promise<void> {
  await orFail(async () => {
    const wanted = names.length === 0 ? allNames() : names
    const found = await Promise.all(wanted.map(findStatus))
    const shown = found.filter((each) => !('error' in each && isNotRunning(each.error)))
    if (json) for (const each of shown) await printJson(errorsAsText(each))
    else if (wanted.length === 0) await print('there are no daemons\n')
    else if (shown.length > 0) await print(table([heading, ...shown.map(rowOf)]))
    for (const each of found) {
      if ('error' in each) await orFail(() => Promise.reject(each.error))
    }
    if (names.length > 0 && !found.every(({ state }) => state === 'running')) process.exitCode ??= exitCodes.unreachable
  })
}

export async function logs(names: readonly string[], options: LogsOptions): Promise<void> {
  const { follow = false, lines } = options
  const interruption = new Interruption()
  try {
    await orFail(async () => {
      const wanted = chosen(names, options)
      const show = (name: string): Promise<void> =>
        orFail(async () => {
          const prefix = wanted.length > 1 ? `${name}: ` : ''
          for await (const line of requireDaemon(name).logs({ follow, lines, signal: interruption.signal }))
            await print(`${prefix}${printableJson(line)}\n`)
        })
      if (follow) await Promise.all(wanted.map(show))
      else for (const name of wanted) await show(name)
    })
    if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode
  } finally {
    interruption.close()
  }
}

/** Runs for all of them, even if one fails; the exit code is that of the first failure. */
async function eachDaemon(
  names: readonly string[],
  options: NamesOptions,
  run: (daemon: Daemon) => Promise<void>,
): Promise<void> {
  await orFail(async () => {
    for (const name of chosen(names, options)) {
      await orFail(async () => {
        const daemon = requireDaemon(name)
        if (options.all && (await daemon.status()).state === 'stopped') return
        await run(daemon)
      })
    }
  })
}

function chosen(names: readonly string[], { all }: NamesOptions): readonly string[] {
  if (!all) return names.length === 0 ? ['default'] : names
  if (names.length > 0) throw usageFailure('give either names or --all, not both')
  return allNames()
}

function allNames(): string[] {
  return namesIn(stateDirectory())
}

function requireDaemon(name: string): Daemon {
  const daemon = findDaemon(name)
  if (daemon === undefined) throw notRunning(name)
  return daemon
}

/** A daemon whose status cannot be determined has an error instead. */
type FoundStatus = DaemonStatus | { readonly state: 'unknown'; readonly name: string; readonly error: unknown }

async function findStatus(name: string): Promise<FoundStatus> {
  try {
    return await requireDaemon(name).status()
  } catch (error) {
    return { state: 'unknown', name, error }
  }
}

function isNotRunning(error: unknown): boolean {
  return error instanceof IsockError && (error.code === 'NOT_RUNNING' || error.code === 'INVALID_OPTION')
}

function errorsAsText(status: FoundStatus): object {
  if (!('error' in status)) return status
  const { error } = status
  return { ...status, error: error instanceof Error ? error.message : error }
}

const heading = ['NAME', 'STATE', 'PID', 'UPTIME', 'CALLS', 'SESSIONS', 'MEMORY', 'HELD', 'ADDRESS']

function rowOf(status: FoundStatus): string[] {
  const { name, state } = status
  if (status.state === 'starting' || status.state === 'running' || status.state === 'stopping') {
    const { pid, uptimeMs, calls, sessions, memoryBytes, usage, addresses } = status
    const memory = `${inMiB(memoryBytes)} MiB`
    const held = usage === undefined ? '-' : `${inMiB(usage.heldBytes)} of ${inMiB(usage.maxHeldBytes)} MiB`
    const counts = [String(pid), inWords(uptimeMs), String(calls), String(sessions)]
    return [name, state, ...counts, memory, held, addresses.join(', ') || '-']
  }
  const pid = 'pid' in status ? status.pid : undefined
  return [name, state, String(pid ?? '-'), '-', '-', '-', '-', '-', '-']
}

function inMiB(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

function inWords(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}
