// Launches the process of a daemon, and waits until it serves or reports a failure. Used by programs that start a daemon, and by a
// daemon that starts its successor, which inherits the listening sockets:
//
//   fd  0 1  nothing    2  crash.log    3  messages    4  parent pipe   5  control socket    6...  listening sockets
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

/** The first message to the new process. */
export interface LaunchOrder extends DaemonToken {
  readonly name: string
  readonly nonce: string
  readonly paths: DaemonPaths
  readonly settings: DaemonSettings
  /** The nonce of the predecessor. */
  readonly predecessor?: string
  /** Whether it takes over the sockets of the process that starts it. */
  readonly isSuccessor: boolean
}

/** A message from the new process to the one that started it. */
export type ChildMessage = { readonly kind: 'ready'; readonly report: DaemonReport } | Failed
type Failed = { readonly kind: 'failed'; readonly error: RichPayload }
/** A message from the starting process to the new one. */
export type ParentMessage =
  | { readonly kind: 'start'; readonly order: LaunchOrder }
  /** The predecessor has released the name. */
  | { readonly kind: 'released' }
  /** Recalls it: it ends without ever owning the name. */
  | { readonly kind: 'end'; readonly graceMs: number }

/** The file descriptors that a daemon hands over. */
export interface Inheritance {
  readonly control: number
  readonly listening: readonly number[]
}

export interface Launched {
  readonly report: DaemonReport
  /** Detaches it. A successor then owns the name. */
  release(): void
  /** Recalls it: it finishes its calls and ends. Settles when its process has ended. */
  recall(graceMs: number): Promise<void>
}

export const parentPipeFd = 4
export const controlFd = 5

/** How long a process may take to end by itself, and after it was killed. */
const exitLimitMs = 1_000

/**
 * Launches the process. An abort recalls it and waits until it has ended.
 *
 * @throws the error that the process reports; ServerError (`START_FAILED`) if it ends or hangs without reporting; the reason of
 *   the signal.
 */
export async function launch(order: LaunchOrder, inheritance?: Inheritance, signal?: AbortSignal): Promise<Launched> {
  signal?.throwIfAborted()
  const child = spawnDaemon(order, inheritance)
  const { startTimeoutMs } = order.settings
  try {
    const report = await firstMessage(child, order, startTimeoutMs, signal)
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
  const parentPipe = !settings.exitWithParent ? 'ignore' : inheritance === undefined ? 'pipe' : parentPipeFd
  const sockets = inheritance === undefined ? [] : [inheritance.control, ...inheritance.listening]
  const stdio: StdioOptions = ['ignore', 'ignore', crash, 'ipc', parentPipe, ...sockets]
  // Next to this file, compiled or not.
  const entry = fileURLToPath(new URL(import.meta.url.replace(/launch(\.[jt]s)$/, 'background-main$1')))
  try {
    return spawn(process.execPath, [...inheritedFlags(process.execArgv), entry, name], {
      cwd: settings.cwd,
      // The launch order contains its token.
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

/** Node's flags to inherit (memory, loaders): all except those that choose what to run, or that debug this process. */
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

function firstMessage(
  child: ChildProcess,
  order: LaunchOrder,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<DaemonReport> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      settle()
      const message = `daemon "${order.name}" ${what}${crashOutput(order.paths)}`
      reject(new ServerError(message, { code: 'START_FAILED', cause }))
    }
    const onMessage = (message: unknown): void => {
      settle()
      const received = message as ChildMessage
      if (received.kind === 'ready') resolve(received.report)
      else reject(decodeThrown(new StandardCodec(new ClassRegistry()), received.error))
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
    child.send({ kind: 'start', order } satisfies ParentMessage, (error) => void error)
    unfollow = followSignal(signal, onAbort)
  })
}

/** Disconnects the two processes, except for the parent pipe. */
function release(child: ChildProcess): void {
  const parentPipe = child.stdio[parentPipeFd] as (NodeJS.ReadableStream & { unref?(): void }) | null | undefined
  parentPipe?.on('error', () => undefined)
  parentPipe?.unref?.()
  child.unref()
  if (!child.connected) return
  child.send({ kind: 'released' } satisfies ParentMessage, () => {
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
      // The system may keep the process, for example during a read from a disk that does not respond.
      timer = setTimeout(onExit, exitLimitMs)
    }
    child.on('exit', onExit)
    timer = setTimeout(kill, Math.min(graceMs + exitLimitMs, maxTimeMs))
    if (child.connected) child.send({ kind: 'end', graceMs } satisfies ParentMessage, () => undefined)
    else {
      clearTimeout(timer)
      kill()
    }
  })
}

function crashOutput({ crash, log }: DaemonPaths): string {
  try {
    const text = readFileSync(crash, 'utf8').trim()
    if (text !== '') return `:\n${text.slice(-2_000)}`
  } catch {
    // No output.
  }
  return `; see ${log}`
}
