// The daemon itself, in its own process. Owns its name through its control socket, serves, stops gracefully, or hands its
// sockets over to a successor.
//
//   starting ──> serving ──> stopping ──> exit          a successor that is being started is recalled
//                   ╰──────> handed over ──> exit       the successor is already serving

import { ServerError } from '../core/base/errors.ts'
import { calendarNow } from '../core/base/platform-timers.ts'
import type { DrainOptions } from '../core/server/drain.ts'
import { Server } from '../facade/server.ts'
import type { DataOptions } from '../features/data/data-options.ts'
import { exportedData, requireHandOver } from '../modules/exported-data.ts'
import { featuresFor } from '../modules/features-for.ts'
import { type JsonLogger, jsonLogger } from '../modules/json-log.ts'
import { tlsOf } from '../modules/tls-files.ts'
import { type DaemonReport, HandOver, type MeantDaemon, Report, Stop, type StopRequest } from './control-actions.ts'
import { type DaemonServer, loadAll, registerModules, serverFor } from './daemon-server.ts'
import { controlFd, type Launched, type LaunchOrder } from './launch.ts'
import { LogFile } from './log-file.ts'
import { captureOutput } from './output-capture.ts'
import { newNonce, ownIdentity } from './process-identity.ts'
import { readGraceMs } from './shutdown-action.ts'
import { failureOf, sendToStarter, settled, untilReleased, watchParent } from './starter-channel.ts'
import { removeState, writeState } from './state-file.ts'
import { busyChanging, Succession } from './succession.ts'

/** How long the last answers over the control socket may take when everything else has ended. */
const lastControlMs = 1_000
/** How long a predecessor may take to release the name or die. */
const takeoverLimitMs = 5_000

export class BackgroundProcess {
  readonly #order: LaunchOrder
  readonly #startedAt = new Date()
  readonly #logFile: LogFile
  readonly #log: JsonLogger
  readonly #control: Server
  #server: DaemonServer | undefined
  #data: DataOptions | undefined
  /** Settles when a successor has the name. Undefined otherwise. */
  #takeover: Promise<void> | undefined
  #drained: Promise<unknown> | undefined
  #end: Promise<void> | undefined
  readonly #succession = new Succession(
    () => this.#end === undefined && this.#server !== undefined && !this.#server.isShuttingDown,
  )

  static async of(order: LaunchOrder): Promise<BackgroundProcess> {
    const { settings, paths } = order
    const { logFile: path = paths.log, logMaxBytes: maxBytes, logFiles: files } = settings
    return new BackgroundProcess(order, await LogFile.open({ path, maxBytes, files }))
  }

  private constructor(order: LaunchOrder, logFile: LogFile) {
    this.#order = order
    const { settings, paths, isSuccessor } = order
    this.#logFile = logFile
    this.#log = jsonLogger(settings.logLevel, logFile, { pid: process.pid })
    // Protected by its private directory. A token from the environment is only for the daemon's clients.
    const fds = isSuccessor ? { fds: [controlFd] } : {}
    this.#control = new Server({ path: paths.control, gate: () => true, ...fds })
    this.#control.addAction(Report, () => this.#report())
    this.#control.addAction(Stop, (request) => this.#onStop(request))
    this.#control.addAction(HandOver, (request) => this.#onHandOver(request))
  }

  /** Runs the daemon. Never rejects: a failure is reported to the starting process. */
  async run(): Promise<void> {
    captureOutput(this.#log)
    process.on('uncaughtException', (error) => void this.#crash(error))
    process
      .on('SIGTERM', () => this.#stop())
      .on('SIGINT', () => this.#stop())
      .on('SIGHUP', () => this.#onHangup())
    try {
      await this.#start()
    } catch (error) {
      this.#log.error({ err: error }, 'cannot start')
      await sendToStarter(failureOf(error))
      if (this.#end !== undefined) return
      await this.#control.shutdown({ graceMs: 0, keepsAddresses: this.#order.isSuccessor })
      await this.#logFile.close()
      process.exit(1)
    }
  }

  async #start(): Promise<void> {
    const { settings, isSuccessor, name } = this.#order
    // First of all, because the owner of the control socket owns the name.
    if (!isSuccessor) await this.#ownName()
    const onOrphaned = (): void => this.#stop(0)
    // If the starting process gave up, for example by Ctrl-C, this daemon must not start later.
    if (!isSuccessor) process.once('disconnect', onOrphaned)
    const released = isSuccessor ? untilReleased((graceMs) => this.#endRecalled(graceMs)) : undefined
    const modules = await loadAll(settings)
    this.#data = exportedData(modules)
    const server = serverFor(this.#order, this.#log, await featuresFor(modules, this.#data), (graceMs) =>
      this.#stop(graceMs),
    )
    await registerModules(server, modules, this.#log, settings)
    await server.listen()
    this.#server = server
    // Its modules, and clients that they allow, may shut the server down. Then the daemon must end too.
    void server.serveForever().then(() => this.#stop())
    if (settings.exitWithParent) watchParent(() => this.#onParentEnded())
    if (!isSuccessor) this.#writeState()
    process.off('disconnect', onOrphaned)
    if (released !== undefined) this.#takeover = this.#takeOver(released)
    await sendToStarter({ kind: 'ready', report: this.#report() })
    await this.#takeover
    // It may have been stopped in the meantime, by a signal or a client.
    if (this.#end !== undefined) return
    this.#log.info({ name, addresses: server.addresses }, isSuccessor ? 'took over' : 'started')
    if (process.connected) process.disconnect()
  }

  /** Reloads the files that administrators replace while a daemon runs: its log and its TLS files. */
  #onHangup(): void {
    this.#logFile.reopen()
    try {
      // Checked first, so that an error names the daemon's option.
      if (tlsOf(this.#order.settings) === undefined) return
      this.#server?.reloadTls()
      this.#log.info({}, 'certificate reloaded')
    } catch (error) {
      this.#log.error({ err: error }, 'certificate not reloaded; the former one stays')
    }
  }

  async #takeOver(released: Promise<void>): Promise<void> {
    await released
    await this.#control.listen()
    this.#writeState()
  }

  async #ownName(): Promise<void> {
    const { name } = this.#order
    try {
      await this.#control.listen()
    } catch (cause) {
      if ((cause as ServerError).code !== 'ADDRESS_IN_USE') throw cause
      throw new ServerError(`daemon "${name}" is already running; stop it, or use another name`, {
        code: 'ALREADY_RUNNING',
        cause,
      })
    }
  }

  #report(): DaemonReport {
    const server = this.#server
    const { name, nonce, predecessor } = this.#order
    return {
      name,
      nonce,
      ...(predecessor === undefined ? {} : { predecessor }),
      pid: process.pid,
      startedAt: this.#startedAt.toISOString(),
      addresses: server?.addresses ?? [],
      uptimeMs: calendarNow() - this.#startedAt.getTime(),
      calls: server?.callCount ?? 0,
      sessions: server?.sessions.length ?? 0,
      memoryBytes: process.memoryUsage.rss(),
      usage: server?.usage,
      isStopping: this.#end !== undefined || server?.isShuttingDown === true,
    }
  }

  #writeState(): void {
    const { name, nonce, settings, tokenOrigin, paths } = this.#order
    const { addresses, startedAt } = this.#report()
    const known = { name, nonce, startedAt, addresses, settings, tokenOrigin }
    writeState(paths.state, { version: 2, ...ownIdentity(), ...known })
  }

  async #onStop(request: StopRequest): Promise<void> {
    this.#requireMeant(request)
    const graceMs = readGraceMs(request)
    // The requester must retry, because there is another process to stop.
    if (this.#succession.isDone) throw busyChanging()
    this.#stop(graceMs)
    await this.#drained
  }

  /** Answers when the successor serves. From then on, this process only finishes its running calls. */
  async #onHandOver(request: MeantDaemon): Promise<DaemonReport> {
    this.#requireMeant(request)
    const server = this.#server
    const [control] = this.#control.fds
    if (server === undefined || control === undefined) throw busyChanging()
    requireHandOver(this.#data)
    const order = { ...this.#order, predecessor: this.#order.nonce, nonce: newNonce(), isSuccessor: true }
    return await this.#succession.begin(order, { control, listening: server.fds }, (successor) => {
      this.#end ??= this.#leave(server, successor)
    })
  }

  async #leave(server: Server, successor: Launched): Promise<void> {
    this.#log.info({ successor: successor.report.pid }, 'handed over')
    const drained = this.#shutDown(server, { graceMs: this.#order.settings.graceMs, keepsAddresses: true })
    await this.#shutDown(this.#control, { graceMs: lastControlMs, keepsAddresses: true })
    successor.release()
    await drained
    await this.#exit(0)
  }

  #stop(graceMs = this.#order.settings.graceMs): void {
    this.#end ??= this.#close(graceMs)
  }

  async #close(graceMs: number): Promise<void> {
    this.#log.info({ graceMs }, 'stopping')
    // Until its predecessor has handed over, the addresses belong to the predecessor.
    const keepsAddresses = this.#order.isSuccessor && this.#takeover === undefined
    const ended = [this.#succession.cancel(graceMs), this.#shutDown(this.#server, { graceMs, keepsAddresses })]
    this.#drained = Promise.all(ended)
    await this.#drained
    // A daemon stopped while it takes the name over must finish that first, or nobody would remove its files.
    if (this.#takeover !== undefined) await settled(this.#takeover, takeoverLimitMs)
    await this.#shutDown(this.#control, { graceMs: lastControlMs })
    removeState(this.#order.paths.state, this.#order.nonce)
    await this.#exit(0)
  }

  /** Called when this successor is recalled. The predecessor keeps the name and the addresses. */
  #endRecalled(graceMs: number): void {
    this.#end ??= (async () => {
      await this.#shutDown(this.#server, { graceMs, keepsAddresses: true })
      await this.#exit(0)
    })()
  }

  /** Shuts a server down. Never rejects: a failure must neither keep the process alive nor drop running calls. */
  async #shutDown(server: Server | undefined, options: DrainOptions): Promise<void> {
    try {
      await server?.shutdown(options)
    } catch (error) {
      this.#log.error({ err: error }, 'graceful shutdown failed')
    }
  }

  #onParentEnded(): void {
    this.#log.info({}, 'the process that started this daemon has ended')
    this.#stop()
  }

  async #crash(error: unknown): Promise<void> {
    this.#log.fatal({ err: error }, 'uncaught error: the daemon ends')
    await this.#exit(1)
  }

  async #exit(code: number): Promise<void> {
    await this.#logFile.close()
    // Handles that the modules left open must not keep the process alive.
    process.exit(code)
  }

  #requireMeant(request: unknown): void {
    const { nonce } = (request ?? {}) as Partial<MeantDaemon>
    if (nonce === this.#order.nonce) return
    throw new ServerError('this was meant for another process of the daemon; retry', {
      code: 'BAD_REQUEST',
      notStarted: true,
    })
  }
}
