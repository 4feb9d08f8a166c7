// A state directory for one spec, and the end of every daemon in it, each known by its pid and start time.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackgroundOptions, Daemon } from 'isock/daemon'
import { isRunning } from '../../lib/daemon/process-identity.ts'
import { type DaemonState, readState } from '../../lib/daemon/state-file.ts'
import { RunningScript } from '../setup/run-script.ts'
import { waitFor } from '../setup/wait-for.ts'
import type { CompiledIsock } from './compiled-isock.ts'

export class DaemonWorld {
  readonly stateDir = mkdtempSync(join(tmpdir(), 'isock-daemon-'))
  readonly #isock: CompiledIsock
  readonly #states: DaemonState[] = []
  readonly #scripts: RunningScript[] = []

  constructor(isock: CompiledIsock) {
    this.#isock = isock
  }

  async start(options: Partial<BackgroundOptions> = {}): Promise<Daemon> {
    const daemon = await this.#isock.library.runInBackground({ ...this.#defaults, ...options })
    this.remember(daemon.name)
    return daemon
  }

  find(name = 'default'): Daemon {
    const daemon = this.#isock.library.findDaemon(name, { stateDir: this.stateDir })
    if (daemon === undefined) throw new Error(`there is no daemon ${name}`)
    return daemon
  }

  /** A process that starts daemons. */
  starter(options: Partial<BackgroundOptions> & { count?: number } = {}): RunningScript {
    return this.#run([this.#isock.module('starter'), JSON.stringify({ ...this.#defaults, ...options })])
  }

  command(...args: string[]): RunningScript {
    return this.#run([this.#isock.command, ...args])
  }

  /** A command with this text as its standard input. */
  commandWith(input: string, ...args: string[]): RunningScript {
    return this.#run([this.#isock.command, ...args], input)
  }

  #run(command: readonly string[], input = ''): RunningScript {
    const script = new RunningScript(command, { input, env: { ISOCK_STATE_DIR: this.stateDir } })
    this.#scripts.push(script)
    return script
  }

  get #defaults(): BackgroundOptions {
    return { module: this.#isock.module('work'), stateDir: this.stateDir }
  }

  file(name: string, daemon = 'default'): string {
    return join(this.stateDir, daemon, name)
  }

  stateOf(daemon = 'default'): DaemonState {
    const state = readState(this.file('state.json', daemon))
    if (state === undefined) throw new Error(`there is no state of ${daemon}`)
    return state
  }

  /** Writes down something else than what is true. */
  forgeState(changes: Partial<DaemonState>, daemon = 'default'): void {
    const file = this.file('state.json', daemon)
    const state = JSON.parse(readFileSync(file, 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...state, ...changes }))
  }

  /** So that the process is ended with the spec whatever becomes of its state. */
  remember(daemon = 'default'): DaemonState {
    const state = this.stateOf(daemon)
    this.#states.push(state)
    return state
  }

  async gone(state: DaemonState): Promise<void> {
    await waitFor(() => !isRunning(state), { timeoutMs: 5_000, what: `the end of process ${state.pid}` })
  }

  async close(): Promise<void> {
    for (const script of this.#scripts) script.kill()
    await Promise.all(this.#scripts.map(({ ended }) => ended))
    for (const { name } of this.#isock.library.listDaemons({ stateDir: this.stateDir })) {
      const state = readState(this.file('state.json', name))
      if (state !== undefined) this.#states.push(state)
    }
    for (const state of this.#states) {
      if (isRunning(state)) process.kill(state.pid, 'SIGKILL')
      await this.gone(state)
    }
    rmSync(this.stateDir, { recursive: true, maxRetries: 20 })
  }
}
