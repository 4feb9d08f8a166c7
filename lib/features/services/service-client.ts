// A service, as a client uses it: three methods over the built-in actions, and the wait for a response.
import type { ActionClass } from '../../core/action/action.ts'
import type { Call } from '../../core/action/call.ts'
import { type RunOptions, runOptions } from '../../core/action/run-options.ts'
import { ClientError, DeadlineError, ServerError } from '../../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { describe, invalidOption } from '../../core/base/options.ts'
import type { ClientKit } from '../../core/client/client-kit.ts'
import { readKeyOption, type ServiceInstanceOptions } from './key.ts'
import {
  type AnyService,
  type ArgsOf,
  isServiceClass,
  type ResponseOf,
  requireServiceName,
  type ServiceClass,
  type Verb,
} from './service.ts'
import {
  DurableExecute,
  DurableInitialize,
  DurableTerminate,
  Execute,
  Initialize,
  type ServiceRequest,
  Terminate,
} from './service-actions.ts'

/** Options of one call of a service: those of an action, and when it settles. */
export interface ServiceCallOptions extends Omit<RunOptions, 'idempotent'> {
  /**
   * Settle with the first response rather than when the method has run. `true`: wait for it up to 60 s; a number: up to
   * that many milliseconds. Without a response by then the call is cancelled and rejects with DeadlineError; when the method
   * ends without one, it rejects immediately (`NO_RESPONSE`). Default false.
   */
  readonly awaitResponse?: boolean | number | undefined
  /**
   * 'receipt': settle when the server has accepted the call, and not when the method has run. The run then does not depend on this call
   * or this client: what it throws goes to the server's log, and its responses are dropped. A refused or invalid call still rejects,
   * and a resent call still runs once. Default: the method's end. Not together with `awaitResponse`.
   */
  readonly confirm?: 'receipt' | undefined
}

/** Options of terminate. */
export interface TerminateOptions extends ServiceCallOptions {
  /** Shut the server down too, if it allows that. Default false. */
  readonly shutdown?: boolean | undefined
}

const callOptions: OptionTable<ServiceCallOptions & RunOptions> = {
  ...runOptions,
  awaitResponse: 'any',
  confirm: 'any',
}
const terminateOptions: OptionTable<TerminateOptions & RunOptions> = { ...callOptions, shutdown: 'any' }

/** These options, when a response is awaited. */
export type Awaiting<Options> = Options & { readonly awaitResponse: true | number; readonly confirm?: never }
/** These options, when none is awaited. */
export type NotAwaiting<Options> = Options & { readonly awaitResponse?: false }

/** The arguments of a method: optional when the service takes none. */
export type Given<Args, Options> = undefined extends Args
  ? [args?: Args, options?: Options]
  : [args: Args, options?: Options]

const defaultResponseMs = 60_000

const actions = { init: Initialize, exec: Execute, exit: Terminate } as const
const durableActions = { init: DurableInitialize, exec: DurableExecute, exit: DurableTerminate } as const

/**
 * One service of the server. Each method settles when the service's method has run, so what `exec` throws arrives here;
 * with `awaitResponse`, when the first response has come.
 *
 * @example
 * const counter = client.service(Counter)
 * await counter.initialize(1000)
 * console.log(await counter.execute(10, { awaitResponse: true }))
 * for await (const response of counter.responses(10)) console.log(response)
 * await counter.terminate()
 */
export class ServiceClient<S extends AnyService> {
  readonly #kit: ClientKit
  readonly #name: string
  readonly #isDurable: boolean
  readonly #key: string | undefined

  /** Throws ClientError for anything but a service class. Users call `client.service(Counter)`. */
  constructor(kit: ClientKit, service: ServiceClass<S>, options: ServiceInstanceOptions = {}) {
    if (!isServiceClass(service)) throw new ClientError(`service() needs a Service class, got ${describe(service)}`)
    this.#kit = kit
    this.#name = requireServiceName(service)
    this.#isDurable = service.durable === true
    this.#key = readKeyOption(service, options)
    const conflict = kit.known.claim('service', this.#name, service)
    if (conflict !== undefined) throw new ClientError(conflict)
    for (const Class of service.errors ?? []) kit.classes.declareError(Class)
    for (const Class of service.classes ?? []) kit.classes.declareClass(Class)
  }

  /** Runs `init`. Rejects the second time, with `ALREADY_INITIALIZED`. */
  initialize(args: ArgsOf<S, 'init'>, options: Awaiting<ServiceCallOptions>): Promise<ResponseOf<S, 'init'>>
  initialize(...given: Given<ArgsOf<S, 'init'>, NotAwaiting<ServiceCallOptions>>): Promise<void>
  initialize(args?: unknown, options?: ServiceCallOptions): Promise<unknown> {
    return this.#run('init', args, options)
  }

  /** Runs `exec` in its turn. Rejects with what it throws, `NOT_INITIALIZED`, `TERMINATED`, or BusyError. */
  execute(args: ArgsOf<S, 'exec'>, options: Awaiting<ServiceCallOptions>): Promise<ResponseOf<S, 'exec'>>
  execute(...given: Given<ArgsOf<S, 'exec'>, NotAwaiting<ServiceCallOptions>>): Promise<void>
  execute(args?: unknown, options?: ServiceCallOptions): Promise<unknown> {
    return this.#run('exec', args, options)
  }

  /** Runs `exec` like `execute`, and yields its responses as they come. */
  responses(
    ...given: Given<ArgsOf<S, 'exec'>, Omit<ServiceCallOptions, 'awaitResponse' | 'confirm'>>
  ): Call<void, ResponseOf<S, 'exec'>> {
    const [args, options] = given
    const action = this.#isDurable ? DurableExecute : Execute.actionName
    return this.#kit.client.runAction(action as string, this.#request(args), options)
  }

  /** Runs `exit` after earlier calls. With `shutdown`, rejects with `NOT_ALLOWED` when the server forbids it. */
  terminate(args: ArgsOf<S, 'exit'>, options: Awaiting<TerminateOptions>): Promise<ResponseOf<S, 'exit'>>
  terminate(...given: Given<ArgsOf<S, 'exit'>, NotAwaiting<TerminateOptions>>): Promise<void>
  terminate(args?: unknown, options?: TerminateOptions): Promise<unknown> {
    return this.#run('exit', args, options, terminateOptions)
  }

  async #run(
    verb: Verb,
    args: unknown,
    options: TerminateOptions = {},
    table: OptionTable<ServiceCallOptions & RunOptions> = callOptions,
  ): Promise<unknown> {
    checkOptions<ServiceCallOptions>(`service "${this.#name}"`, options, table)
    const { awaitResponse = false, confirm, shutdown, ...others } = options
    const waitMs = readWait(awaitResponse)
    if (confirm !== undefined && waitMs !== undefined)
      throw invalidOption('confirm', 'none beside awaitResponse', confirm)
    if (confirm !== undefined && this.#isDurable)
      throw invalidOption('confirm', 'none for a durable service, whose answer is what confirms its commit', confirm)
    const request: ServiceRequest = {
      ...this.#request(args),
      ...(confirm === undefined ? {} : { confirm }),
      ...(shutdown === undefined ? {} : { shutdown }),
    }
    const action: ActionClass = (this.#isDurable ? durableActions : actions)[verb]
    const call = this.#kit.client.runAction(action, request, others) as Call<unknown, unknown>
    // Leaving the loop cancels the call and nothing else.
    if (confirm !== undefined) for await (const _ of call) return undefined
    if (waitMs === undefined) return void (await call)
    return this.#firstResponse(call, waitMs, verb)
  }

  #request(args: unknown): ServiceRequest {
    return { service: this.#name, ...(this.#key === undefined ? {} : { key: this.#key }), args }
  }

  /** Keeps reading after the first response: otherwise exec would block on a client that reads no more. */
  #firstResponse(call: Call<unknown, unknown>, waitMs: number, method: string): Promise<unknown> {
    const label = `service "${this.#name}": ${method}`
    return new Promise((resolve, reject) => {
      const timer = this.#kit.clock.setTimer(() => {
        const error = new DeadlineError(`${label} sent no response within ${waitMs} ms`)
        reject(error)
        call.cancel(error.message)
      }, waitMs)
      const read = async (): Promise<void> => {
        for await (const response of call) {
          timer.cancel()
          resolve(response)
        }
        throw new ServerError(`${label} ended without a response; its service sends one with context.respond()`, {
          code: 'NO_RESPONSE',
        })
      }
      read()
        .catch(reject)
        .finally(() => timer.cancel())
    })
  }
}

/** Milliseconds; undefined: no response is awaited. Throws ClientError (`INVALID_OPTION`). */
export function readWait(awaitResponse: unknown): number | undefined {
  if (awaitResponse === false) return undefined
  if (awaitResponse === true) return defaultResponseMs
  if (typeof awaitResponse === 'number' && awaitResponse > 0) return awaitResponse
  throw invalidOption('awaitResponse', 'true, false or a positive number of milliseconds', awaitResponse)
}
