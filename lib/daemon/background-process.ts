// The daemon itself, in its own process: owns its name through its control socket, serves, stops in order, or hands
// its sockets over to a successor.
//
//   starting ──> serving ──> stopping ──> exit
//                   ╰──────> handed over ──> exit       the successor serves already

import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import { pino } from 'pino'
import { ServerError } from '../base/errors.ts'
import { resolveToken } from '../base/token.ts'
import { Server } from '../facade/server.ts'
import { readSecretFile } from '../link/secret-file.ts'
import { type DaemonReport, HandOver, type MeantDaemon, Report, Stop, type StopRequest } from './control-actions.ts'
import { DaemonServer, registerModules } from './daemon-server.ts'
import { controlFd, type Launched, type LaunchOrder, launch, leashFd } from './launch.ts'
import { LogFile } from './log-file.ts'
import { captureOutput } from './output-capture.ts'
import { ownIdentity } from './process-identity.ts'
import { readGraceMs } from './shutdown-action.ts'
import { failureOf, tell, untilReleased } from './starter-channel.ts'
import { removeState, writeState } from './state-file.ts'

/** What is left to do over the control socket when all else is over. */
const lastControlMs = 1_000

export class BackgroundProcess {
  readonly #order: LaunchOrder
  readonly #startedAt = new Date()
  readonly #logFile: LogFile
  readonly #log: pino.Logger
  readonly #control: Server
  #server: DaemonServer | undefined
  #end: Promise<void> | undefined
  #isHandingOver = false

  constructor(order: LaunchOrder) {
    this.#order = order
    const { settings, paths, isSuccessor } = order
    const { logFile: path = paths.log, logLevel, logMaxBytes: maxBytes, logFiles: files } = settings
    this.#logFile = new LogFile({ path, maxBytes, files })
    const formatters = { level: (label: string): object => ({ level: label }) }
    const timestamp = pino.stdTimeFunctions.isoTime
    this.#log = pino({ level: logLevel, formatters, timestamp, base: { pid: process.pid } }, this.#logFile)
    // Its directory is its guard; a token of the environment is for the users of the daemon.
    const fds = isSuccessor ? { fds: [controlFd] } : {}
    this.#control = new Server({ path: paths.control, gate: () => true, ...fds })
    this.#control.addAction(Report, () => this.#report())
    this.#control.addAction(Stop, (request) => this.#onStop(request))
    this.#control.addAction(HandOver, (request) => this.#onHandOver(request))
  }

  /** Never rejects: who started it is told. */
  async run(): Promise<void> {
    captureOutput(this.#log)
    process.on('uncaughtException', (error) => void this.#crash(error))
    process
      .on('SIGTERM', () => this.#stop())
      .on('SIGINT', () => this.#stop())
      .on('SIGHUP', () => undefined)
    try {
      await this.#start()
    } catch (error) {
      this.#log.error({ err: error }, 'cannot start')
      await tell(failureOf(error))
      await this.#control.shutdown({ graceMs: 0, keepsAddresses: this.#order.isSuccessor })
      await this.#logFile.close()
      process.exit(1)
    }
  }

  async #start(): Promise<void> {
    const { settings, isSuccessor, name } = this.#order
    // Before anything else: who has the control socket has the name.
    if (!isSuccessor) await this.#ownName()
    const released = isSuccessor ? untilReleased() : undefined
    const server = this.#makeServer()
    const { initFile, modules } = settings
    await registerModules(server, initFile === undefined ? modules : [initFile, ...modules], this.#log)
    await server.listen()
    this.#server = server
    if (settings.exitWithParent) this.#watchLeash()
    if (!isSuccessor) this.#writeState()
    await tell({ kind: 'ready', report: this.#report() })
    if (isSuccessor) {
      await released
      // It may have been told to stop meanwhile, by a signal or a client.
      if (this.#end !== undefined) return
      await this.#control.listen()
      this.#writeState()
    }
    this.#log.info({ name, addresses: server.addresses }, isSuccessor ? 'took over' : 'started')
    if (process.connected) process.disconnect()
  }

  async #ownName(): Promise<void> {
    const { name } = this.#order
    try {
      await this.#control.listen()
    } catch (cause) {
      if ((cause as ServerError).code !== 'ADDRESS_IN_USE') throw cause
      throw new ServerError(`daemon "${name}" runs already; stop it, or use another name`, {
        code: 'ALREADY_RUNNING',
        cause,
      })
    }
  }

  #makeServer(): DaemonServer {
    const { settings, token, isSuccessor } = this.#order
    const { host, port, path, tokenFile } = settings
    const source = { ...(token === undefined ? {} : { token }), ...(tokenFile === undefined ? {} : { tokenFile }) }
    const places = Number(port !== undefined) + Number(path !== undefined)
    const log = this.#log
    return new DaemonServer(
      {
        host,
        log,
        onError: (error, { action, origin }) => log.info({ action, origin, error: String(error) }, 'something threw'),
        ...source,
        ...(port === undefined ? {} : { port }),
        ...(path === undefined ? {} : { path }),
        ...(isSuccessor ? { fds: Array.from({ length: places }, (_, i) => controlFd + 1 + i) } : {}),
      },
      resolveToken(source, process.env, readSecretFile) !== undefined,
      (graceMs) => this.#stop(graceMs),
    )
  }

  #report(): DaemonReport {
    const server = this.#server
    return {
      name: this.#order.name,
      nonce: this.#order.nonce,
      pid: process.pid,
      startedAt: this.#startedAt.toISOString(),
      addresses: server?.addresses ?? [],
      uptimeMs: Date.now() - this.#startedAt.getTime(),
      calls: server?.callCount ?? 0,
      sessions: server?.sessions.length ?? 0,
      memoryBytes: process.memoryUsage.rss(),
      isStopping: this.#end !== undefined,
    }
  }

  #writeState(): void {
    const { name, nonce, settings, token, paths } = this.#order
    const { addresses, startedAt } = this.#report()
    const hasUnsavedToken = token !== undefined
    writeState(paths.state, {
      version: 1,
      ...ownIdentity(),
      name,
      nonce,
      startedAt,
      addresses,
      settings,
      hasUnsavedToken,
    })
  }

  async #onStop(request: StopRequest): Promise<void> {
    this.#requireMeant(request)
    const graceMs = readGraceMs(request)
    this.#stop(graceMs)
    await this.#server?.shutdown()
  }

  /** Answers when the successor serves; then this process only finishes what runs. */
  async #onHandOver(request: MeantDaemon): Promise<DaemonReport> {
    this.#requireMeant(request)
    const server = this.#server
    if (server === undefined || this.#end !== undefined || this.#isHandingOver) {
      throw new ServerError('this daemon starts, stops or hands over at this moment; try again', {
        code: 'SHUTTING_DOWN',
      })
    }
    this.#isHandingOver = true
    try {
      const nonce = randomBytes(16).toString('hex')
      const [control] = this.#control.fds
      if (control === undefined) throw new ServerError('there is no control socket to hand over')
      const order = { ...this.#order, nonce, isSuccessor: true }
      const launched = await launch(order, { control, listening: server.fds })
      this.#end ??= this.#leave(server, launched)
      return launched.report
    } finally {
      this.#isHandingOver = false
    }
  }

  async #leave(server: Server, launched: Launched): Promise<void> {
    this.#log.info({ successor: launched.report.pid }, 'handed over')
    const drained = server.shutdown({ graceMs: this.#order.settings.graceMs, keepsAddresses: true })
    await this.#control.shutdown({ graceMs: lastControlMs, keepsAddresses: true })
    launched.release()
    await drained
    await this.#exit(0)
  }

  #stop(graceMs = this.#order.settings.graceMs): void {
    this.#end ??= this.#close(graceMs)
  }

  async #close(graceMs: number): Promise<void> {
    this.#log.info({ graceMs }, 'stopping')
    await this.#server?.shutdown({ graceMs })
    await this.#control.shutdown({ graceMs: lastControlMs })
    removeState(this.#order.paths.state, this.#order.nonce)
    await this.#exit(0)
  }

  async #crash(error: unknown): Promise<void> {
    this.#log.fatal({ err: error }, 'uncaught: the daemon ends')
    await this.#exit(1)
  }

  async #exit(code: number): Promise<void> {
    await this.#logFile.close()
    // What the modules left open is not to keep us.
    process.exit(code)
  }

  #requireMeant(request: unknown): void {
    const { nonce } = (request ?? {}) as Partial<MeantDaemon>
    if (nonce === this.#order.nonce) return
    throw new ServerError('another process of this daemon was meant; look again', {
      code: 'BAD_REQUEST',
      notStarted: true,
    })
  }

  /** The other end of it is with the process that started the daemon, and is closed with that. */
  #watchLeash(): void {
    const leash = new Socket({ fd: leashFd, readable: true, writable: false })
    leash
      .on('error', () => undefined)
      .on('close', () => {
        this.#log.info({}, 'the process that started this daemon has ended')
        this.#stop()
      })
    leash.resume().unref()
  }
}
