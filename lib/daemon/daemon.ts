// The handle of a daemon, which any process of the user can get by name.
import { ClientError, DeadlineError, IsockError, LinkError } from '../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { monotonicNow, setTimeout } from '../core/base/platform-timers.ts'
import { maxTimeMs, requireTimeMs } from './bounds.ts'
import { type DaemonReport, HandOver, Stop } from './control-actions.ts'
import { ask, findPresence, requireNotHeld } from './control-client.ts'
import { type LogOptions, logOptions, readLog } from './log-reader.ts'
import { isRunning, signalProcess, stateOf } from './process-identity.ts'
import { type RestartOptions, restartOptions, startAgain } from './start-again.ts'
import { type DaemonPaths, notAnswering, notRunning } from './state-directory.ts'
import { type DaemonState, readState } from './state-file.ts'

export type DaemonStatus =
  /** 'starting' means that it is loading its modules and does not listen yet. */
  | ({ readonly state: 'starting' | 'running' | 'stopping' } & DaemonReport)
  /** It owns its name but does not answer: its process is stopped by a signal, or has been busy for seconds. */
  | { readonly state: 'silent'; readonly name: string; readonly pid: number | undefined }
  /** Its process ended unexpectedly. */
  | { readonly state: 'crashed'; readonly name: string; readonly pid: number }
  | { readonly state: 'stopped'; readonly name: string }

export interface StopOptions {
  /** The grace period for running calls, in milliseconds. Default: the daemon's own option. */
  readonly graceMs?: number | undefined
}

const stopOptions: OptionTable<StopOptions> = { graceMs: 'any' }
const pollMs = 10
/** How long the process may take to end after it has confirmed the stop. */
const exitTimeoutMs = 3_000
/** Why a process is not killed: its pid may belong to another process by now. */
const notKilled = 'is not killed, because this system cannot tell whether it is still the same process'
/** A daemon may be replaced while it is being stopped, and then its new process must be stopped too. */
const maxStops = 5

/** A daemon, running or not. Created by `runInBackground`, `findDaemon` and `listDaemons`. */
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

  /** The last known pid of the daemon; 0 if it was not running. */
  get pid(): number {
    return this.#report?.pid ?? 0
  }

  /** The last known addresses of the daemon, in the form that a client accepts. */
  get addresses(): readonly string[] {
    return this.#report?.addresses ?? []
  }

  /** The first address of the daemon; '' if it was not running. */
  get address(): string {
    return this.addresses[0] ?? ''
  }

  /** Returns the status of the daemon. Does not reject for a daemon that has ended or does not answer: these are states too. */
  async status(): Promise<DaemonStatus> {
    const presence = await findPresence(this.#paths)
    const known = readState(this.#paths.state)
    const { name } = this
    if (presence.kind === 'answers') {
      this.#report = presence.report
      return { state: servingState(presence.report), ...presence.report }
    }
    if (presence.kind === 'silent') return { state: 'silent', name, pid: known?.pid }
    if (known === undefined) return { state: 'stopped', name }
    return { state: isRunning(known) ? 'silent' : 'crashed', name, pid: known.pid }
  }

  /**
   * Stops the daemon gracefully: running calls may finish. Settles when its process has ended. The process must first confirm that
   * it is this daemon; if it then does not end in time, it is killed.
   *
   * @throws ClientError: `NOT_RUNNING`; `NO_RESPONSE` if the daemon does not answer, which is then left running.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    checkOptions('stop', options, stopOptions)
    const { graceMs } = options
    if (graceMs !== undefined) requireTimeMs('graceMs', graceMs)
    for (let count = 0; count < maxStops; count++) {
      const { report, state } = await this.#confirmed()
      const hasEnded = await this.#stopOne(report, state, graceMs)
      if (hasEnded && !(await this.#hasSuccessor(report))) return
    }
    const message = `daemon "${this.name}" keeps being replaced while it is being stopped; find out what restarts it, and try again`
    throw new ClientError(message, { code: 'NO_RESPONSE' })
  }

  /** Stops one process. Returns false if another process has taken over the name. */
  async #stopOne(report: DaemonReport, state: DaemonState | undefined, graceMs: number | undefined): Promise<boolean> {
    const limitMs = Math.min((graceMs ?? state?.settings.graceMs ?? 10_000) + exitTimeoutMs, maxTimeMs)
    const giveUpAtMs = monotonicNow() + limitMs
    let isConfirmed = true
    try {
      await ask(this.#paths, Stop, { nonce: report.nonce, ...(graceMs === undefined ? {} : { graceMs }) }, limitMs)
    } catch (error) {
      if (error instanceof IsockError && error.code === 'BAD_REQUEST') return false
      // The process may have ended before it could answer, hang, or still be finishing calls. Any other error is its answer.
      if (!isLinkFault(error)) throw error
      isConfirmed = false
    }
    const soonMs = monotonicNow() + exitTimeoutMs
    if (state === undefined || (await isGone(state, isConfirmed ? soonMs : Math.max(soonMs, giveUpAtMs)))) return true
    if (stateOf(state) === 'unknown') throw notAnswering(this.name, state.pid, notKilled)
    signalProcess(state, 'SIGKILL')
    if (await isGone(state, monotonicNow() + exitTimeoutMs)) return true
    throw notAnswering(this.name, state.pid, 'could not be killed')
  }

  /** Whether the stopped process had handed over its sockets to a new one, which is this daemon too. */
  async #hasSuccessor({ nonce }: DaemonReport): Promise<boolean> {
    const presence = await findPresence(this.#paths)
    return presence.kind === 'answers' && presence.report.predecessor === nonce
  }

  /**
   * Replaces the process without failing a call: a new process loads the modules again and takes over the listening sockets, while
   * the old one finishes its calls. A crashed daemon is started again with the same options; a token that is not stored in a file
   * must be passed again.
   *
   * @throws ClientError (`NOT_RUNNING`, `NO_RESPONSE`), or the error that kept the new process from starting; the old process
   *   then keeps running.
   */
  async restart(options: RestartOptions = {}): Promise<this> {
    checkOptions('restart', options, restartOptions)
    const known = readState(this.#paths.state)
    const presence = await findPresence(this.#paths)
    if (presence.kind === 'absent' && known !== undefined && !isRunning(known)) {
      this.#report = await startAgain(known, this.#paths, options)
      return this
    }
    const { report, state } = await this.#confirmed()
    const timeoutMs = (state?.settings.startTimeoutMs ?? 30_000) + exitTimeoutMs
    this.#report = await ask(this.#paths, HandOver, { nonce: report.nonce }, timeoutMs)
    return this
  }

  /** Yields the lines of the daemon's log: JSON, without line feeds. */
  logs(options: LogOptions = {}): AsyncGenerator<string, void, undefined> {
    checkOptions('logs', options, logOptions)
    const settings = readState(this.#paths.state)?.settings
    return readLog(settings?.logFile ?? this.#paths.log, options)
  }

  /** Returns the report of the process at the control socket, and its recorded state. */
  async #confirmed(): Promise<{ report: DaemonReport; state: DaemonState | undefined }> {
    const presence = await findPresence(this.#paths)
    const known = readState(this.#paths.state)
    requireNotHeld(this.name, presence, known, this.#paths, 'is left alone')
    if (presence.kind !== 'answers') throw notRunning(this.name, known === undefined ? undefined : 'it has crashed')
    const { report } = presence
    this.#report = report
    return { report, state: known?.nonce === report.nonce && known.pid === report.pid ? known : undefined }
  }
}

function servingState({ isStopping, addresses }: DaemonReport): 'starting' | 'running' | 'stopping' {
  if (isStopping) return 'stopping'
  return addresses.length === 0 ? 'starting' : 'running'
}

function isLinkFault(error: unknown): boolean {
  if (error instanceof DeadlineError || error instanceof LinkError) return true
  return error instanceof IsockError && ['UNREACHABLE', 'OUTCOME_UNKNOWN', 'SHUTTING_DOWN'].includes(error.code)
}

async function isGone(state: DaemonState, giveUpAtMs: number): Promise<boolean> {
  while (isRunning(state)) {
    if (monotonicNow() >= giveUpAtMs) return false
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return true
}
