// The threads of one server: a piscina pool, created with the first call. Calls wait here and not in piscina, which starts no
// thread for waiting tasks after it has ended one.

import { fileURLToPath } from 'node:url'
import type { Transferable } from 'node:worker_threads'
import type { Piscina } from 'piscina'
import { refuseInThread } from '../../core/base/in-thread.ts'
import { LinkedAbort } from '../../core/base/linked-abort.ts'
import { ConcurrencyLimiter } from '../../core/server/concurrency-limiter.ts'
import type { ThreadResult, ThreadTask } from './thread-messages.ts'

export interface ThreadPoolOptions {
  readonly max: number
  readonly idleTimeoutMs: number
  readonly maxQueue: number
}

/** One use of a thread. */
export interface ThreadUse {
  readonly task: ThreadTask
  readonly move: readonly Transferable[]
  /** Ends the thread. */
  readonly kill: AbortSignal
  /** A thread has taken the task. */
  readonly hasBegun: () => boolean
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions
  readonly #report: (error: unknown) => void
  readonly #limiter: ConcurrencyLimiter
  #piscina: Promise<Piscina> | undefined
  #isClosed = false

  /** `report` gets errors of threads that run nothing. */
  constructor(options: ThreadPoolOptions, report: (error: unknown) => void) {
    this.#options = options
    this.#report = report
    this.#limiter = new ConcurrencyLimiter({ label: 'the threads', maxWaiting: options.maxQueue, places: options.max })
  }

  /** Calls that wait for a thread. */
  get waitingCount(): number {
    return this.#limiter.waitingCount
  }

  /** Runs the work when a thread is free; see ConcurrencyLimiter. Rejects as not started: BusyError, CancelledError, DeadlineError. */
  whenFree<T>(signal: AbortSignal, work: () => Promise<T>, holders?: readonly object[]): Promise<T> {
    return this.#limiter.run(signal, work, holders)
  }

  /** Call it only while holding a thread, see `whenFree`. Rejects when the thread ends before the task does. */
  async run({ task, move, kill, hasBegun }: ThreadUse): Promise<ThreadResult> {
    if (this.#isClosed) throw new Error('the threads are closed')
    this.#piscina ??= this.#open()
    const piscina = await this.#piscina
    const abort = new LinkedAbort(kill)
    // A thread that fails before it takes a task leaves the task waiting forever. The end of another thread does not matter here.
    const onError = (error: unknown): void => {
      if (!hasBegun()) abort.abort(error)
    }
    piscina.on('error', onError)
    try {
      const begun = piscina.run(task, { transferList: [...move] as never, signal: abort.signal })
      return (await begun) as ThreadResult
    } catch (error) {
      throw abort.signal.aborted && !kill.aborted ? abort.signal.reason : error
    } finally {
      piscina.off('error', onError)
      abort.close()
    }
  }

  /** Settles when no thread runs anything and no call waits. */
  idle(): Promise<void> {
    return this.#limiter.idle()
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.#isClosed = true
    const piscina = await this.#piscina?.catch(() => undefined)
    await piscina?.destroy()
  }

  async #open(): Promise<Piscina> {
    refuseInThread('a pool of threads')
    const { Piscina } = await import('piscina')
    const { max, idleTimeoutMs } = this.#options
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const piscina = new Piscina({
      filename: fileURLToPath(new URL(`./worker.${extension}`, import.meta.url)),
      name: 'runTask',
      minThreads: 0,
      maxThreads: max,
      idleTimeout: idleTimeoutMs,
      // Otherwise a thread stands still between tasks, with everything that its modules do in the background.
      atomics: 'disabled',
      recordTiming: false,
    })
    // One listener per run, so as many as threads.
    piscina.setMaxListeners(0)
    piscina.on('error', this.#report)
    return piscina
  }
}
