// Processes that take orders over IPC, one at a time: how they are started, asked and ended.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const answerTimeoutMs = 60_000
const closeTimeoutMs = 2_000
/** Workers run compiled, so that they do not carry a compiler and its source maps. */
const compiled = new URL('dist/bench/', import.meta.url)

export class Child<Order extends { readonly do: string }> {
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  /** Runs a script of bench/dist/bench. Resolves when it is ready for orders. `under`: a program, with its arguments, that starts Node. */
  static async start<Order extends { readonly do: string }>(
    script: string,
    args: readonly string[],
    flags: readonly string[] = [],
    under: readonly string[] = [],
  ): Promise<Child<Order>> {
    const child = new Child<Order>(startScript(script, args, flags, under))
    try {
      await answerOf(child.#process)
      return child
    } catch (error) {
      child.kill()
      throw error
    }
  }

  async ask<T>(order: Order): Promise<T> {
    const answer = answerOf(this.#process)
    this.#process.send(order, () => undefined)
    return (await answer) as T
  }

  /** Lets it close what it has open, and ends it. */
  async close(order: Order): Promise<void> {
    const answer = this.ask(order).catch(() => undefined)
    const timer = setTimeout(() => this.kill(), closeTimeoutMs)
    await answer
    clearTimeout(timer)
    this.kill()
  }

  kill(): void {
    // One that runs under another program does not end with that.
    if (this.#process.connected) this.#process.disconnect()
    this.#process.kill('SIGKILL')
  }
}

/** Runs a script that takes no orders; resolves with the one thing that it says. */
export function resultOf(script: string): Promise<unknown> {
  return answerOf(startScript(script, [], [], []))
}

/** In a worker: obeys until the parent leaves. Says first that it is ready. */
export function takeOrders<Order>(obey: (order: Order) => Promise<unknown>): void {
  process.on('message', (order: Order) => {
    obey(order).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ result: 'ready' })
}

function startScript(
  script: string,
  args: readonly string[],
  flags: readonly string[],
  [execPath = process.execPath, ...more]: readonly string[],
): ChildProcess {
  return fork(fileURLToPath(new URL(script, compiled)), args, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    execPath,
    execArgv: execPath === process.execPath ? [...flags] : [...more, process.execPath, ...flags],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
  })
}

/** The next answer. Rejects when the worker says that it failed, ends, or says nothing for too long. */
function answerOf(side: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      side.off('message', onMessage).off('exit', onExit)
    }
    const onMessage = ({ result, error }: { result?: unknown; error?: string }): void => {
      settle()
      if (error === undefined) resolve(result)
      else reject(new Error(error))
    }
    const onExit = (): void => {
      settle()
      reject(new Error('its process ended'))
    }
    const timer = setTimeout(() => {
      settle()
      reject(new Error(`no answer for ${answerTimeoutMs / 1_000} s`))
    }, answerTimeoutMs)
    side.on('message', onMessage).on('exit', onExit)
  })
}
