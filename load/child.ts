// A process of a load that does what it is told: one order, one answer. Known by its own handle, and ended with it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What goes to a process, and what comes back. */
export type Order = { readonly do: string; readonly [field: string]: unknown }
export type Reply =
  | { readonly progress: string }
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: string }

/** What a process runs, of the folder `processes`. */
export type Script =
  | 'server.ts'
  | 'links.ts'
  | 'clients.ts'
  | 'traffic.ts'
  | 'attacked-server.ts'
  | 'attackers.ts'
  | 'witnesses.ts'

/** Where a load says how far it is. */
export type Say = (line: string) => void

/** No order of any load takes as long. */
const orderLimitMs = 15 * 60_000

export class Child {
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #say: Say

  private constructor(program: string, args: readonly string[], flags: readonly string[], say: Say) {
    this.#say = say
    this.#process = fork(program, args, { execArgv: [...flags], env: { ...process.env, ISOCK_TOKEN: undefined } })
    this.#process.setMaxListeners(0)
    this.#exited = once(this.#process, 'exit')
  }

  /** A process that takes orders. Whoever starts it ends it. */
  static start(script: Script, say: Say, flags: readonly string[] = []): Child {
    const program = fileURLToPath(new URL(`processes/${script}`, import.meta.url))
    return new Child(program, [], ['--import', import.meta.resolve('tsx'), '--expose-gc', ...flags], say)
  }

  /** The same, of a program that Node runs as it is. */
  static run(program: string, args: readonly string[]): Child {
    return new Child(program, args, [], () => undefined)
  }

  /** Gives one order at a time and waits for its answer. Rejects when the process fails, dies, or takes too long. */
  async ask<T>(order: Order, limitMs = orderLimitMs): Promise<T> {
    const child = this.#process
    let settle: (() => void) | undefined
    try {
      return await new Promise<T>((resolve, reject) => {
        const onMessage = (reply: Reply): void => {
          if ('progress' in reply) this.#say(reply.progress)
          else if (reply.ok) resolve(reply.result as T)
          else reject(new Error(reply.error))
        }
        const onExit = (): void => reject(new Error(`the process ended while it was to ${order.do}`))
        const timer = setTimeout(() => reject(new Error(`${order.do} took over ${limitMs} ms`)), limitMs)
        settle = () => {
          clearTimeout(timer)
          child.off('message', onMessage)
          child.off('exit', onExit)
        }
        child.on('message', onMessage)
        child.once('exit', onExit)
        child.send(order, (error) => error !== null && reject(error))
      })
    } finally {
      settle?.()
    }
  }

  /** Ends it at once, and waits until it is gone. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }
}
