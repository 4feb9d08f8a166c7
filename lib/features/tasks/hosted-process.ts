// A process of a server. Runs it, restarts it when it throws, and stops it. Its runs never overlap, even if it was removed
// and added again.
import { runClean } from '../../core/base/async-context.ts'
import { Backoff } from '../../core/base/backoff.ts'
import { sleep } from '../../core/base/clock.ts'
import { deferred } from '../../core/base/deferred.ts'
import { CancelledError, DeadlineError, ServerError } from '../../core/base/errors.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { Audience } from './audience.ts'
import type { AnyProcess, ProcessHandle, ProcessState } from './process.ts'
import { contextFor, endedOrAborted, isStop, outcomeOf, RunAbort } from './run.ts'
import { endedByItself, RunOutput } from './run-output.ts'

export class HostedProcess implements ProcessHandle {
  readonly name: string
  readonly process: AnyProcess
  readonly audience: Audience
  readonly #kit: ServerKit
  #state: ProcessState = 'stopped'
  #restartCount = 0
  #lastError: unknown
  #abort = new AbortController()
  #ended: Promise<void> = Promise.resolve()
  #mayRun = false
  #isRemoved = false
  /** Settles when the runs of the removed processes that it replaces have ended. Undefined if there are none. */
  #formerEnd: Promise<void> | undefined

  /** `former` are the removed processes that it replaces and that are still running. */
  constructor(
    name: string,
    process: AnyProcess,
    audience: Audience,
    kit: ServerKit,
    former: readonly HostedProcess[] = [],
  ) {
    this.name = name
    this.process = process
    this.audience = audience
    this.#kit = kit
    if (former.length === 0) return
    this.#formerEnd = Promise.all(former.map(({ whenEnded }) => whenEnded)).then(() => {
      this.#formerEnd = undefined
    })
  }

  get label(): string {
    return `process "${this.name}"`
  }

  get state(): ProcessState {
    return this.#state
  }

  get listenerCount(): number {
    return this.audience.count
  }

  get restartCount(): number {
    return this.#restartCount
  }

  get lastError(): unknown {
    return this.#lastError
  }

  /** Called when the server listens: the process can be started from now on. */
  onListening(): void {
    this.#mayRun = true
    if (this.process.startsWithServer) this.start()
  }

  start(): void {
    if (this.#kit.server.isShuttingDown)
      throw new ServerError(`${this.label} cannot be started: the server is shutting down`, { code: 'SHUTTING_DOWN' })
    if (this.#isRemoved) throw misused(`${this.label} cannot be started: it was removed from the server; add it again`)
    if (!this.#mayRun) throw misused(`${this.label} cannot be started before the server listens`)
    if (this.#state === 'running' || this.#state === 'restarting') return
    if (this.#state === 'stopping') throw misused(`${this.label} is still stopping; await stop() first`)
    this.#restartCount = 0
    this.#abort = new AbortController()
    this.audience.open()
    // Stored before the run starts, because the run may read it.
    const ended = deferred<void>()
    this.#ended = ended.promise
    ended.resolve(runClean((signal) => this.#runUntilEnd(signal), this.#abort.signal))
  }

  async stop(): Promise<void> {
    const { stopLimitMs } = this.process
    this.#stop(new CancelledError(`${this.label} was stopped`))
    if (await settlesWithin(this.#kit.clock, this.#ended, stopLimitMs)) return
    throw new DeadlineError(`${this.label} is still running ${stopLimitMs} ms after its signal aborted`)
  }

  /** Settles when the run has ended. Never rejects. */
  get whenEnded(): Promise<void> {
    return this.#ended
  }

  /** Called when it is removed from the server: aborts the run, and ends the listeners with an error. */
  remove(): void {
    const message = `${this.label} was removed from the server`
    this.#isRemoved = true
    this.#stop(new CancelledError(message))
    this.audience.close({ how: 'failed', error: new ServerError(message, { code: 'UNKNOWN_PROCESS' }) })
  }

  /** Called when the server drains: releases the listeners, aborts the run, and waits at most this long for it to end. */
  async drain(graceMs: number): Promise<void> {
    this.#stop(new CancelledError('the server is shutting down'))
    if (!this.#isRemoved) this.audience.close({ how: 'again' })
    if (await settlesWithin(this.#kit.clock, this.#ended, graceMs)) return
    this.#report(
      new DeadlineError(`${this.label} is still running, although its signal aborted: the server is shutting down`),
    )
  }

  #stop(reason: CancelledError): void {
    if (this.#state === 'running' || this.#state === 'restarting') this.#state = 'stopping'
    this.#abort.abort(reason)
  }

  /** Runs the process, and restarts it until it ends or its restarts are used up. Never rejects. */
  async #runUntilEnd(signal: AbortSignal): Promise<void> {
    const { clock } = this.#kit
    const { restartBackoff, maxRestarts, healthyAfterMs } = this.process
    // No jitter: nothing else restarts at the same time.
    const firstBackoff = new Backoff(restartBackoff, () => 1)
    let backoff = firstBackoff
    this.#state = 'restarting'
    if (this.#formerEnd !== undefined) await endedOrAborted(this.#formerEnd, signal)
    if (signal.aborted) {
      this.#state = 'stopped'
      return
    }
    for (let failures = 0; ; ) {
      this.#state = 'running'
      const startedAtMs = clock.now()
      if (await this.#runOnce(signal)) return
      if (clock.now() - startedAtMs >= healthyAfterMs) {
        failures = 0
        backoff = firstBackoff
      }
      if (++failures > maxRestarts) return this.#endAs('failed')
      this.#state = 'restarting'
      try {
        await sleep(clock, backoff.durationMs, signal)
      } catch {
        this.#state = 'stopped'
        return
      }
      backoff = backoff.next()
      this.#restartCount++
    }
  }

  /** Runs the process once. Returns false if it threw and should be restarted. */
  async #runOnce(signal: AbortSignal): Promise<boolean> {
    const { label, audience } = this
    const kit = this.#kit
    const runAbort = new RunAbort(signal, kit.clock, Number.POSITIVE_INFINITY)
    const output = new RunOutput({
      label,
      audience,
      kit,
      signal: runAbort.signal,
      onEnd: (end) => {
        this.#state = 'stopping'
        if (end.how === 'failed') this.#onFailure(end.error)
        audience.close(end)
        runAbort.abort(endedByItself(label))
      },
    })
    const context = { ...contextFor(this.name, runAbort.signal, kit), output }
    const outcome = await outcomeOf(() => this.process.run(context))
    output.close()
    runAbort.close()
    const { end } = output
    if (!outcome.ok && !isStop(outcome.error, runAbort.signal)) {
      const isReported = end?.how === 'failed' && end.error === outcome.error
      if (!isReported) this.#onFailure(outcome.error)
    }
    if (end !== undefined) this.#state = end.how === 'failed' ? 'failed' : 'finished'
    else if (signal.aborted) this.#state = 'stopped'
    else if (outcome.ok) this.#endAs('finished')
    else return false
    return true
  }

  #endAs(how: 'finished' | 'failed'): void {
    this.#state = how
    this.audience.close(how === 'finished' ? { how } : { how, error: this.#lastError })
  }

  #onFailure(error: unknown): void {
    this.#lastError = error
    this.#report(error)
  }

  #report(error: unknown): void {
    this.#kit.report(error, this.label)
  }
}

function misused(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_USAGE' })
}
