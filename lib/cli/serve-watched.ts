// `isock serve --watch`: runs the same command without --watch in a process of its own, and replaces that when a file changes.
// Its clients reconnect, as they do when any server restarts.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { clearTimeout, setTimeout } from '../core/base/platform-timers.ts'
import { requireModules } from '../modules/load-modules.ts'
import { ChangeWatcher } from './change-watcher.ts'
import { exitCodes } from './exit-codes.ts'
import { usageFailure } from './failure.ts'
import { orFail } from './or-fail.ts'
import { print } from './output.ts'

/** How much longer than its grace a process may take to end. */
const killAfterMs = 5_000

/** Settles on Ctrl-C or SIGTERM, when the server has ended; its exit code is that of this process. */
export async function serveWatched(
  modules: readonly string[],
  graceMs: number,
  port: number | undefined,
): Promise<void> {
  await orFail(async () => {
    if (port === 0) throw usageFailure('--watch needs a port that stays the same: give another --port than 0')
    requireModules(modules)
    const watcher = new ChangeWatcher(modules)
    const signals = new Signals()
    try {
      process.exitCode = await serveUntilStopped(watcher, signals, graceMs)
    } finally {
      watcher.close()
      signals.close()
    }
  })
}

async function serveUntilStopped(watcher: ChangeWatcher, signals: Signals, graceMs: number): Promise<number> {
  for (;;) {
    const change = watcher.next()
    const server = new ServedProcess(graceMs)
    signals.passTo(server)
    await Promise.race([change, server.ended])
    if (server.hasEnded && !signals.isStopped) {
      await print('the server ended; it starts again when a file changes\n', process.stderr)
      await Promise.race([change, signals.stopped])
    }
    if (!signals.isStopped) await server.end()
    if (signals.isStopped) return server.ended
    await print(`restarting: ${await change} changed\n`, process.stderr)
  }
}

/** The process that serves. It has a group of its own, so that Ctrl-C reaches it only through this process, and only once. */
class ServedProcess {
  readonly #child: ChildProcess
  readonly #graceMs: number
  /** Settles with its exit code. */
  readonly ended: Promise<number>
  #hasEnded = false

  constructor(graceMs: number) {
    this.#graceMs = graceMs
    const [main = '', , ...given] = process.argv.slice(1)
    const args = ['serve', '--watched', '--grace', String(graceMs), ...given.filter((arg) => arg !== '--watch')]
    this.#child = spawn(process.execPath, [...process.execArgv, main, ...args], {
      // The channel closes when this process ends, however it ends.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: process.platform !== 'win32',
    })
    this.ended = once(this.#child, 'close').then(([code]) => {
      this.#hasEnded = true
      return typeof code === 'number' ? code : exitCodes.failed
    })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  pass(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Lets running calls finish, within the grace. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#graceMs + killAfterMs)
    await this.ended
    clearTimeout(timer)
  }
}

/** Ctrl-C and SIGTERM go to the server, each time: the second one ends it immediately. */
class Signals {
  readonly stopped: Promise<void>
  #stop: () => void = () => undefined
  #isStopped = false
  #server: ServedProcess | undefined

  constructor() {
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve
    })
    process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal)
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  passTo(server: ServedProcess): void {
    this.#server = server
  }

  close(): void {
    process.off('SIGINT', this.#onSignal).off('SIGTERM', this.#onSignal)
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#isStopped = true
    this.#server?.pass(signal)
    this.#stop()
  }
}
