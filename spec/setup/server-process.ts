// A server in a process of its own, which is killed and started again at the same place. It says that it serves by its first line,
// `listening`.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ServerProcessOptions {
  /** Called with each line after the first. */
  readonly onLine?: (line: string) => void
  /** Where its errors go: a file descriptor. Default: to this process's. */
  readonly errors?: number
  /** Whether it takes orders, see `order`. It should end when the channel closes. Default false. */
  readonly takesOrders?: boolean
  /** How long it may take to listen. Default 120 000. */
  readonly startMs?: number
}

export class ServerProcess {
  readonly #command: readonly string[]
  readonly #options: ServerProcessOptions
  #child: ChildProcess | undefined
  #isClosed = false

  /** `program`: a file that Node runs. */
  constructor(program: string, args: readonly (string | number)[], options: ServerProcessOptions = {}) {
    this.#command = [program, ...args.map(String)]
    this.#options = options
  }

  /** undefined: it does not run. */
  get pid(): number | undefined {
    return this.#isRunning ? this.#child?.pid : undefined
  }

  /** Resolves when it listens. Rejects, and leaves no process, when it ends before, or takes too long. */
  async start(): Promise<void> {
    if (this.#isClosed) throw new Error('this server was closed; it must not be started again')
    const { onLine, errors, takesOrders = false, startMs = 120_000 } = this.#options
    const stdio = ['ignore', 'pipe', errors ?? 'inherit', ...(takesOrders ? (['ipc'] as const) : [])] as const
    const child = spawn(process.execPath, this.#command, { stdio: [...stdio] })
    this.#child = child
    child.on('error', () => undefined)
    const timer = setTimeout(() => child.kill('SIGKILL'), startMs)
    try {
      const lines = createInterface(child.stdout as NodeJS.ReadableStream)
      const ended = once(child, 'exit').then(([code, signal]) => [`it ended: ${code ?? signal}`])
      const [first] = await Promise.race([once(lines, 'line'), ended])
      if (first !== 'listening') throw new Error(`a server was to listen; ${first}`)
      if (onLine !== undefined) lines.on('line', onLine)
    } catch (error) {
      await this.kill()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends an order to its `message` listeners. Nothing, if it does not run. */
  order(order: object): void {
    if (this.#isRunning && this.#child?.connected === true) this.#child.send(order, () => undefined)
  }

  /** Sends a signal. False: it does not run. */
  signal(name: NodeJS.Signals): boolean {
    return this.#isRunning && this.#child?.kill(name) === true
  }

  /** Resolves when it has ended. */
  async ended(): Promise<void> {
    if (this.#isRunning) await once(this.#child as ChildProcess, 'exit')
  }

  /** Ends it as a crash does, also one that stands still. Resolves when it is gone. */
  async kill(): Promise<void> {
    const ended = this.ended()
    this.signal('SIGKILL')
    await ended
  }

  /** Kills it, and refuses later starts: a spec that has failed may still run. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.kill()
  }

  get #isRunning(): boolean {
    const child = this.#child
    return child !== undefined && child.pid !== undefined && child.exitCode === null && child.signalCode === null
  }
}
