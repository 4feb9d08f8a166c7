// Starts the process of a daemon and waits until it serves, or says why it does not. Used by whoever starts a daemon,
// and by a daemon that starts its successor, which gets the listening sockets:
//
//   fd  0 1  nothing    2  crash.log    3  messages    4  the leash    5  control socket    6...  listening sockets
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ServerError } from '../core/base/errors.ts'
import { followSignal } from '../core/base/followed-signals.ts'
import { clearTimeout, setTimeout } from '../core/base/platform-timers.ts'
import type { RichPayload } from '../core/wire/bytes/payload.ts'
import { ClassRegistry } from '../core/wire/rich/class-registry.ts'
import { decodeThrown } from '../core/wire/rich/error-record.ts'
import { StandardCodec } from '../core/wire/value-codec.ts'
import type { DaemonSettings } from './background-options.ts'
import { maxTimeMs } from './bounds.ts'
import type { DaemonReport } from './control-actions.ts'
import type { DaemonToken } from './daemon-token.ts'
import { withoutSecrets } from './secret-variables.ts'
import type { DaemonPaths } from './state-directory.ts'

declare module '../core/base/errors.ts' {
  interface FeatureErrorCodes {
    readonly START_FAILED: true
  }
}

/** What the new process gets to know. */
export interface LaunchOrder extends DaemonToken {
  readonly name: string
  readonly nonce: string
  readonly paths: DaemonPaths
  readonly settings: DaemonSettings
  /** The nonce of the process that it succeeds. */
  readonly predecessor?: string
  /** It goes on with the sockets of the process that starts it. */
  readonly isSuccessor: boolean
}

export type Told = { readonly kind: 'ready'; readonly report: DaemonReport } | Failed
type Failed = { readonly kind: 'failed'; readonly error: RichPayload }
export type Orders =
  | { readonly kind: 'start'; readonly order: LaunchOrder }
  | { readonly kind: 'yours' }
  /** It is not wanted any more: it ends without having had the name. */
  | { readonly kind: 'end'; readonly graceMs: number }

/** Of a daemon that hands over. */
export interface Inheritance {
  readonly control: number
  readonly listening: readonly number[]
}

export interface Launched {
  readonly report: DaemonReport
  /** Lets it go: a successor owns the name from now on. */
  release(): void
  /** Takes it back: it finishes its calls and ends. Settles when its process is gone. */
  recall(graceMs: number): Promise<void>
}

export const leashFd = 4
export const controlFd = 5

/** For a process to say that it ends, and to be gone when it was killed. */
const lastWordMs = 1_000

/**
 * An abort takes the process back; that it is gone is awaited.
 *
 * @throws what the process says that went wrong; ServerError (`START_FAILED`) where it ends or hangs without a word; the
 *   reason of the signal.
 */
export async function launch(order: LaunchOrder, inheritance?: Inheritance, signal?: AbortSignal): Promise<Launched> {
  signal?.throwIfAborted()
  const child = spawnDaemon(order, inheritance)
  const { startTimeoutMs } = order.settings
  try {
    const report = await firstWord(child, order, startTimeoutMs, signal)
    return { report, release: () => release(child), recall: (graceMs) => recall(child, graceMs) }
  } catch (error) {
    if (signal?.aborted) await recall(child, 0)
    child.kill('SIGKILL')
    release(child)
    throw error
  }
}

function spawnDaemon({ name, paths, settings }: LaunchOrder, inheritance: Inheritance | undefined): ChildProcess {
  const crash = openSync(paths.crash, 'w', 0o600)
  const leash = !settings.exitWithParent ? 'ignore' : inheritance === undefined ? 'pipe' : leashFd
  const sockets = inheritance === undefined ? [] : [inheritance.control, ...inheritance.listening]
  const stdio: StdioOptions = ['ignore', 'ignore', crash, 'ipc', leash, ...sockets]
  // Beside this file, compiled or not.
  const entry = fileURLToPath(new URL(import.meta.url.replace(/launch(\.[jt]s)$/, 'background-main$1')))
  try {
    return spawn(process.execPath, [...inheritedFlags(process.execArgv), entry, name], {
      cwd: settings.cwd,
      // Its token comes with the order.
      env: withoutSecrets(process.env),
      detached: true,
      serialization: 'advanced',
      stdio,
      windowsHide: true,
    })
  } finally {
    closeSync(crash)
  }
}

/** Node's own flags go on (memory, loaders), but not those which say what this process runs or who looks at it. */
function inheritedFlags(flags: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i] as string
    if (/^(-e|-p|-pe|--eval|--print)$/.test(flag)) i++
    else if (
      !/^(-[ep]|-c|-i|--(eval|print|inspect|test|watch|input-type|check|interactive|experimental-repl))/.test(flag)
    )
      kept.push(flag)
  }
  return kept
}

function firstWord(
  child: ChildProcess,
  order: LaunchOrder,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<DaemonReport> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      settle()
      const message = `daemon "${order.name}" ${what}${lastWords(order.paths)}`
      reject(new ServerError(message, { code: 'START_FAILED', cause }))
    }
    const onMessage = (message: unknown): void => {
      settle()
      const told = message as Told
      if (told.kind === 'ready') resolve(told.report)
      else reject(decodeThrown(new StandardCodec(new ClassRegistry()), told.error))
    }
    const onError = (cause: Error): void => fail(`cannot be started: ${cause.message}`, cause)
    const onExit = (code: number | null, signal: string | null): void => {
      fail(`ended with ${signal ?? `exit code ${code}`} before it listened`)
    }
    const onAbort = (): void => {
      settle()
      reject(signal?.reason)
    }
    const timer = setTimeout(() => fail(`did not listen within ${timeoutMs} ms`), timeoutMs)
    let unfollow = (): void => undefined
    const settle = (): void => {
      clearTimeout(timer)
      unfollow()
      child
        .off('message', onMessage)
        .off('exit', onExit)
        .off('error', onError)
        .on('error', () => undefined)
    }
    child.on('message', onMessage).on('exit', onExit).on('error', onError)
    child.send({ kind: 'start', order } satisfies Orders, (error) => void error)
    unfollow = followSignal(signal, onAbort)
  })
}

/** From now on the two processes know nothing of each other, but for a leash. */
function release(child: ChildProcess): void {
  const leash = child.stdio[leashFd] as (NodeJS.ReadableStream & { unref?(): void }) | null | undefined
  leash?.on('error', () => undefined)
  leash?.unref?.()
  child.unref()
  if (!child.connected) return
  child.send({ kind: 'yours' } satisfies Orders, () => {
    if (child.connected) child.disconnect()
  })
}

function recall(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout
    const onExit = (): void => {
      clearTimeout(timer)
      child.off('exit', onExit)
      resolve()
    }
    const kill = (): void => {
      child.kill('SIGKILL')
      // The system may keep it, in the midst of a read from a disk that does not answer.
      timer = setTimeout(onExit, lastWordMs)
    }
    child.on('exit', onExit)
    timer = setTimeout(kill, Math.min(graceMs + lastWordMs, maxTimeMs))
    if (child.connected) child.send({ kind: 'end', graceMs } satisfies Orders, () => undefined)
    else {
      clearTimeout(timer)
      kill()
    }
  })
}

function lastWords({ crash, log }: DaemonPaths): string {
  try {
    const text = readFileSync(crash, 'utf8').trim()
    if (text !== '') return `:\n${text.slice(-2_000)}`
  } catch {
    // It said nothing.
  }
  return `; see ${log}`
}
