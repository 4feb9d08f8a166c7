// The handle of a daemon, by its name: whoever has it need not have started it.

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { ClientError, DeadlineError, IsockError, LinkError } from '../base/errors.ts'
import { requireCount } from '../base/options.ts'
import { type DaemonReport, HandOver, Stop } from './control-actions.ts'
import { ask, findPresence } from './control-client.ts'
import { launch } from './launch.ts'
import { type LogOptions, readLog } from './log-reader.ts'
import { isRunning } from './process-identity.ts'
import { withStartLock } from './start-lock.ts'
import { type DaemonPaths, notRunning } from './state-directory.ts'
import { type DaemonState, readState } from './state-file.ts'

export type DaemonStatus =
  | ({ readonly state: 'running' | 'stopping' } & DaemonReport)
  /** It has its name, but does not answer: stopped by a signal, or busy for seconds. */
  | { readonly state: 'silent'; readonly name: string; readonly pid: number | undefined }
  /** It ended without saying so. */
  | { readonly state: 'crashed'; readonly name: string; readonly pid: number }
  | { readonly state: 'stopped'; readonly name: string }

export interface StopOptions {
  /** How long running calls may take to finish, in milliseconds. Default: what the daemon was started with. */
  readonly graceMs?: number
}

const lookEveryMs = 10
/** For the process to end when it has said that it will. */
const exitTimeoutMs = 3_000

/** A daemon, running or not. Made by `runInBackground`, `findDaemon` and `listDaemons`. */
export class Daemon {
  readonly name: string
  readonly #paths: DaemonPaths
  #report: DaemonReport | undefined

  /** @internal */
  constructor(name: string, paths: DaemonPaths, report?: DaemonReport) {
    this.name = name
    this.#paths = paths
    this.#report = report
  }

  /** Of its process, as it was last known here; 0 where it did not run. */
  get pid(): number {
    return this.#report?.pid ?? 0
  }

  /** What it listens at, likewise, as addresses that a client takes. */
  get addresses(): readonly string[] {
    return this.#report?.addresses ?? []
  }

  /** The first of its addresses; '' where it did not run. */
  get address(): string {
    return this.addresses[0] ?? ''
  }

  /** Asks it how it is. Never rejects for a daemon that is gone or does not answer: that is a state. */
  async status(): Promise<DaemonStatus> {
    const presence = await findPresence(this.#paths)
    const known = readState(this.#paths.state)
    const { name } = this
    if (presence.kind === 'answers') {
      this.#report = presence.report
      return { state: presence.report.isStopping ? 'stopping' : 'running', ...presence.report }
    }
    if (presence.kind === 'silent') return { state: 'silent', name, pid: known?.pid }
    if (known === undefined) return { state: 'stopped', name }
    return { state: isRunning(known) ? 'silent' : 'crashed', name, pid: known.pid }
  }

  /**
   * Stops it: running calls may finish, then it ends. Settles when its process is gone. It is asked, and confirms that it
   * is the one, before anything happens to its process; one that does not end in time is killed then.
   *
   * @throws ClientError: `NOT_RUNNING`; `NO_RESPONSE` for one that does not answer, which is left as it is.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const { graceMs } = options
    if (graceMs !== undefined) requireCount('graceMs', graceMs)
    const { report, state } = await this.#confirmed()
    const ownGraceMs = graceMs ?? state?.settings.graceMs ?? 10_000
    const request = { nonce: report.nonce, ...(graceMs === undefined ? {} : { graceMs }) }
    try {
      await ask(this.#paths, Stop, request, Math.min(ownGraceMs, 2 ** 30) + exitTimeoutMs)
    } catch (error) {
      // It may end faster than it answers, or hang; any other word is its own.
      if (!isLinkTrouble(error)) throw error
    }
    if (state === undefined || (await isGone(state))) return
    process.kill(state.pid, 'SIGKILL')
    if (!(await isGone(state))) throw this.#noResponse(state.pid)
  }

  /**
   * Replaces its process without a failed call: a new one loads the modules anew and goes on with the listening sockets,
   * the old one finishes its calls. One that crashed is started again as it was.
   *
   * @throws ClientError (`NOT_RUNNING`, `NO_RESPONSE`), or what kept the new process from starting; then the old goes on.
   */
  async restart(): Promise<this> {
    const known = readState(this.#paths.state)
    const presence = await findPresence(this.#paths)
    if (presence.kind === 'absent' && known !== undefined && !isRunning(known)) return this.#startAgain(known)
    const { report, state } = await this.#confirmed()
    const timeoutMs = (state?.settings.startTimeoutMs ?? 30_000) + exitTimeoutMs
    this.#report = await ask(this.#paths, HandOver, { nonce: report.nonce }, timeoutMs)
    return this
  }

  /** The lines of its log, as they are written: JSON, without line feeds. */
  logs(options: LogOptions = {}): AsyncGenerator<string, void, undefined> {
    const settings = readState(this.#paths.state)?.settings
    return readLog(settings?.logFile ?? this.#paths.log, options)
  }

  async #startAgain({ name, settings, hasUnsavedToken }: DaemonState): Promise<this> {
    if (hasUnsavedToken) {
      const message = `daemon "${name}" was started with a token that is written down nowhere; start it with a tokenFile`
      throw new ClientError(message, { code: 'NOT_RUNNING' })
    }
    const order = { name, settings, paths: this.#paths, nonce: newNonce(), token: undefined, isSuccessor: false }
    const start = async (): Promise<void> => {
      rmSync(this.#paths.state, { force: true })
      const launched = await launch(order)
      launched.release()
      this.#report = launched.report
    }
    await withStartLock(this.#paths, settings.startTimeoutMs, Math.random, async () => undefined, start)
    return this
  }

  /** The process that answers at the control socket, and what is written down of it. */
  async #confirmed(): Promise<{ report: DaemonReport; state: DaemonState | undefined }> {
    const presence = await findPresence(this.#paths)
    const known = readState(this.#paths.state)
    if (presence.kind === 'silent' || (presence.kind === 'absent' && known !== undefined && isRunning(known)))
      throw this.#noResponse(known?.pid)
    if (presence.kind === 'absent') throw notRunning(this.name, known === undefined ? undefined : 'it has crashed')
    const { report } = presence
    this.#report = report
    return { report, state: known?.nonce === report.nonce && known.pid === report.pid ? known : undefined }
  }

  #noResponse(pid: number | undefined): ClientError {
    const who = pid === undefined ? 'its process' : `process ${pid}`
    const message = `daemon "${this.name}" does not answer, and is left as it is: ${who} may be stopped (kill -CONT) or busy`
    return new ClientError(message, { code: 'NO_RESPONSE' })
  }
}

export function newNonce(): string {
  return randomBytes(16).toString('hex')
}

function isLinkTrouble(error: unknown): boolean {
  if (error instanceof DeadlineError || error instanceof LinkError) return true
  return error instanceof IsockError && ['UNREACHABLE', 'OUTCOME_UNKNOWN', 'SHUTTING_DOWN'].includes(error.code)
}

async function isGone(state: DaemonState): Promise<boolean> {
  const giveUpAtMs = performance.now() + exitTimeoutMs
  while (isRunning(state)) {
    if (performance.now() >= giveUpAtMs) return false
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
  return true
}
