// The server's own end of a service: the same methods, phases and turns as for clients, without a call. Values are passed by
// reference; nothing is encoded.
import { Refused } from '../../core/action/refused.ts'
import { CancelledError, DeadlineError, IsockError, ServerError } from '../../core/base/errors.ts'
import { unlessAborted } from '../../core/base/followed-signals.ts'
import { withFields } from '../../core/base/log.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption } from '../../core/base/options.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import { OwnContext } from './own-context.ts'
import type { OwnRuns } from './own-runs.ts'
import type { ServicePhase } from './phases.ts'
import { ResponseQueue } from './response-queue.ts'
import type { AnyService, ArgsOf, ResponseOf, Verb } from './service.ts'
import { Execute, Initialize, Terminate } from './service-actions.ts'
import { type Awaiting, type Given, type NotAwaiting, readWait } from './service-client.ts'
import type { ServiceInstance } from './service-instance.ts'

/** Options of one run that the server's own program starts. */
export interface OwnCallOptions {
  /** Milliseconds until it rejects with DeadlineError and the method's signal aborts, the wait for its turn included. Default: no bound. */
  readonly timeoutMs?: number | undefined
  /** Cancels it: a waiting run never starts; the signal of a current run aborts. */
  readonly signal?: AbortSignal | undefined
  /**
   * Settle with the first response rather than when the method has run. `true`: wait for it up to 60 s; a number: up to
   * that many milliseconds; then it rejects with DeadlineError. When the method ends without one, it rejects (`NO_RESPONSE`).
   * Default false.
   */
  readonly awaitResponse?: boolean | number | undefined
}

const ownCallOptions: OptionTable<OwnCallOptions> = { timeoutMs: 'any', signal: 'any', awaitResponse: 'any' }
const actions = { init: Initialize, exec: Execute, exit: Terminate } as const

/** What a handle needs of the server. */
export type HandleKit = Pick<ServerKit, 'server' | 'clock' | 'log' | 'report'>

/**
 * A service, as its server's own program uses it. Its runs wait for their turns among those of clients. Their context has neither
 * `session` nor `client` (both throw `INVALID_USAGE`), and its `callId` is 0. Arguments and responses are passed by reference, so
 * do not change them afterwards; `static schemas` still check arguments. The caller must handle a rejected promise.
 *
 * @example
 * server.addService(Counter)
 * await server.service(Counter).initialize(1000)
 * await server.listen()
 */
export class ServiceHandle<S extends AnyService> {
  readonly #host: ServiceInstance
  readonly #runs: OwnRuns
  readonly #kit: HandleKit

  /** Users call `server.service(Counter)`. @internal */
  constructor(host: ServiceInstance, runs: OwnRuns, kit: HandleKit) {
    this.#host = host
    this.#runs = runs
    this.#kit = kit
  }

  /** The name on the wire. */
  get name(): string {
    return this.#host.name
  }

  /** The current phase: 'new', 'initialized' or 'terminated'. Throws ServerError (`INVALID_USAGE`) for a durable service: use `readPhase`. */
  get phase(): ServicePhase {
    const { phase, name } = this.#host
    if (phase !== undefined) return phase
    const message = `service "${name}" is durable, so its store knows its phase: await readPhase()`
    throw new ServerError(message, { code: 'INVALID_USAGE' })
  }

  /** Its state is kept in the store of `data`. */
  get isDurable(): boolean {
    return this.#host.phase === undefined
  }

  /** The phase, of a durable service as its store has it. */
  readPhase(): Promise<ServicePhase> {
    return this.#host.readPhase()
  }

  /** Calls that wait for their turn at this server, those of clients included. */
  get queuedCount(): number {
    return this.#host.queuedCount
  }

  /** Runs `init`. Rejects with what it throws, `ALREADY_INITIALIZED`, `TERMINATED`, or ValidationError. */
  initialize(args: ArgsOf<S, 'init'>, options: Awaiting<OwnCallOptions>): Promise<ResponseOf<S, 'init'>>
  initialize(...given: Given<ArgsOf<S, 'init'>, NotAwaiting<OwnCallOptions>>): Promise<void>
  initialize(args?: unknown, options?: OwnCallOptions): Promise<unknown> {
    return this.#run('init', args, options)
  }

  /** Runs `exec` in its turn. Rejects with what it throws, `NOT_INITIALIZED`, `TERMINATED`, ValidationError, or BusyError, which is not retried. */
  execute(args: ArgsOf<S, 'exec'>, options: Awaiting<OwnCallOptions>): Promise<ResponseOf<S, 'exec'>>
  execute(...given: Given<ArgsOf<S, 'exec'>, NotAwaiting<OwnCallOptions>>): Promise<void>
  execute(args?: unknown, options?: OwnCallOptions): Promise<unknown> {
    return this.#run('exec', args, options)
  }

  /** Runs `exit` after earlier calls. The server keeps running: end it with `shutdown()`. */
  terminate(args: ArgsOf<S, 'exit'>, options: Awaiting<OwnCallOptions>): Promise<ResponseOf<S, 'exit'>>
  terminate(...given: Given<ArgsOf<S, 'exit'>, NotAwaiting<OwnCallOptions>>): Promise<void>
  terminate(args?: unknown, options?: OwnCallOptions): Promise<unknown> {
    return this.#run('exit', args, options)
  }

  /**
   * Runs `exec` like `execute`, when the loop begins, and yields its responses as they come. Leaving the loop aborts the method's signal.
   *
   * @example for await (const value of server.service(Counter).responses(10)) console.log(value)
   */
  async *responses(
    ...given: Given<ArgsOf<S, 'exec'>, Omit<OwnCallOptions, 'awaitResponse'>>
  ): AsyncGenerator<ResponseOf<S, 'exec'>, void, undefined> {
    const [args, options = {}] = given
    checkOptions(this.#label('exec'), options, { timeoutMs: 'any', signal: 'any' })
    const queue = new ResponseQueue(this.#label('exec'))
    const leaving = new AbortController()
    const running = unawaited(this.#start('exec', args, options, queue.add, leaving.signal))
    running.then(queue.close, queue.close)
    try {
      for (let next = await queue.take(); next !== undefined; next = await queue.take())
        yield next.value as ResponseOf<S, 'exec'>
      await running
    } finally {
      leaving.abort(new CancelledError(`${this.#label('exec')}: its reader left the loop`))
      queue.close()
    }
  }

  async #run(verb: Verb, args: unknown, options: OwnCallOptions = {}): Promise<unknown> {
    checkOptions(this.#label(verb), options, ownCallOptions)
    const waitMs = readWait(options.awaitResponse ?? false)
    if (waitMs === undefined) return this.#start(verb, args, options, ignore)
    return this.#firstResponse(verb, args, options, waitMs)
  }

  #firstResponse(verb: Verb, args: unknown, options: OwnCallOptions, waitMs: number): Promise<unknown> {
    const label = this.#label(verb)
    return new Promise((resolve, reject) => {
      const late = new AbortController()
      const timer = this.#kit.clock.setTimer(
        () => late.abort(new DeadlineError(`${label} sent no response within ${waitMs} ms`)),
        waitMs,
      )
      let hasResponded = false
      const emit = async (value: unknown): Promise<void> => {
        timer.cancel()
        hasResponded = true
        resolve(value)
      }
      this.#start(verb, args, options, emit, late.signal).then(
        () => {
          timer.cancel()
          const message = `${label} ended without a response; its service sends one with context.respond()`
          if (!hasResponded) reject(new ServerError(message, { code: 'NO_RESPONSE' }))
        },
        (error: unknown) => {
          timer.cancel()
          if (!hasResponded) reject(error)
          // The caller has its response, and may have cancelled the rest.
          else if (error !== options.signal?.reason && !(error instanceof DeadlineError)) this.#kit.report(error, label)
        },
      )
    })
  }

  /** Rejects as soon as it is cancelled, even while the method keeps running. */
  async #start(
    verb: Verb,
    args: unknown,
    { timeoutMs = Number.POSITIVE_INFINITY, signal }: OwnCallOptions,
    emit: (value: unknown) => Promise<void>,
    leaving?: AbortSignal,
  ): Promise<void> {
    const label = this.#label(verb)
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
      throw invalidOption('timeoutMs', 'a number of milliseconds of at least 0, or Infinity', timeoutMs)
    if (signal !== undefined && typeof signal?.addEventListener !== 'function')
      throw invalidOption('signal', 'an AbortSignal', signal)
    const { server, clock, log } = this.#kit
    const run = this.#runs.begin(signal, leaving)
    if (timeoutMs < Number.POSITIVE_INFINITY)
      run.endWithin(timeoutMs, () => new DeadlineError(`${label} took longer than ${timeoutMs} ms`))
    const { actionName } = actions[verb]
    const context = new OwnContext({
      actionName,
      server,
      clock,
      log: withFields(log, { service: this.name, method: verb }),
      signal: run.signal,
      deadlineAtMs: clock.now() + timeoutMs,
      emit,
    })
    const running = unwrapped(this.#host.run(verb, args, context)).finally(() => run.end())
    // Nobody else sees an error that a cancelled run throws for another reason.
    running.catch((error: unknown) => {
      const { aborted, reason } = run.signal
      const isLeft = error === reason || (error instanceof IsockError && error.notStarted)
      if (aborted && !isLeft) this.#kit.report(error, label)
    })
    await unlessAborted(running, run.signal)
  }

  #label(verb: Verb): string {
    return `service "${this.name}": ${verb}`
  }
}

async function ignore(): Promise<void> {}

/** `Refused` is for answers to clients; here the error inside is thrown. */
async function unwrapped(running: Promise<void>): Promise<void> {
  try {
    await running
  } catch (error) {
    throw error instanceof Refused ? error.error : error
  }
}
