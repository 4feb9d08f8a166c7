// One service at its server: its state, and who may do what with it when.
//
//   new ──init──> initialized ──exit──> terminated     exec: only while initialized; it changes the state
//    ╰─<─throws                                        exit: it is over then, also where it throws
import type { Context } from '../action/context.ts'
import { beforeStart, Refused } from '../action/refused.ts'
import { validate } from '../action/schema.ts'
import { ServerError } from '../base/errors.ts'
import type { ServerKit } from '../server/feature.ts'
import { Line } from '../server/line.ts'
import { RunningContext } from './running-context.ts'
import type { AnyService, ServiceClass, Verb } from './service.ts'

/** How a service is run. */
export interface ServiceOptions {
  /** Calls that may wait for their turn; more are refused with BusyError as not started. Default 1 024. */
  readonly maxQueued?: number
  /** Clients may end the server with `terminate(args, { shutdown: true })`. Default false. */
  readonly allowShutdown?: boolean
}

/** What it needs of its server. */
export type ServiceSurroundings = Pick<ServerKit, 'clock' | 'findSession'>

type Phase = 'new' | 'initialized' | 'terminated'

export class ServiceHost {
  readonly #name: string
  readonly #service: AnyService
  readonly #schemas: ServiceClass['schemas']
  readonly #options: Required<ServiceOptions>
  readonly #line: Line
  readonly #kit: ServiceSurroundings
  #phase: Phase = 'new'
  #state: unknown

  constructor(name: string, service: AnyService, options: Required<ServiceOptions>, kit: ServiceSurroundings) {
    this.#kit = kit
    this.#name = name
    this.#service = service
    this.#schemas = (service.constructor as ServiceClass).schemas
    this.#options = options
    this.#line = new Line({ label: `service "${name}"`, maxWaiting: options.maxQueued })
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Calls that wait for their turn. */
  get queuedCount(): number {
    return this.#line.waitingCount
  }

  /** Settles when nothing runs or waits. */
  idle(): Promise<void> {
    return this.#line.idle()
  }

  /**
   * Runs a method in its turn. Rejects with what it throws, or with why it was not started. `onTerminated` is told when
   * exit has ended, also where it threw.
   */
  async run(verb: Verb, args: unknown, context: Context<unknown>, onTerminated?: () => void): Promise<void> {
    // What is new now may be initialized by one that waits; nothing else can come to be allowed by waiting.
    if (this.#phase !== 'new') beforeStart(() => this.#requirePhase(verb))
    let hasStarted = false
    try {
      await this.#line.run(
        context.signal,
        async () => {
          const given = await this.#check(verb, args)
          this.#requirePhase(verb)
          hasStarted = true
          await this.#perform(verb, given.args, context)
        },
        this.#kit.findSession(context.session.id)?.holders,
      )
    } catch (error) {
      throw hasStarted ? error : new Refused(error)
    } finally {
      if (hasStarted && verb === 'exit') onTerminated?.()
    }
  }

  requireShutdownAllowed(): void {
    if (this.#options.allowShutdown) return
    const message = `service "${this.#name}": its clients may not shut this server down; it allows that with addService(..., { allowShutdown: true })`
    throw new ServerError(message, { code: 'NOT_ALLOWED', notStarted: true })
  }

  /** In a box, so that a `then` among the arguments is data. */
  async #check(verb: Verb, args: unknown): Promise<{ readonly args: unknown }> {
    const schema = this.#schemas?.[verb]
    if (schema === undefined) return { args }
    const checked = validate(schema, args, `input of service "${this.#name}": ${verb}`, 'INVALID_INPUT')
    return { args: checked instanceof Promise ? await checked : checked }
  }

  async #perform(verb: Verb, args: unknown, context: Context<unknown>): Promise<void> {
    const running = new RunningContext(context, `service "${this.#name}": ${verb}`, this.#kit.clock)
    const service = this.#service
    try {
      if (verb === 'exec') this.#state = await service.exec(this.#state, args, running)
      else if (verb === 'init') {
        this.#state = await service.init(args, running)
        this.#phase = 'initialized'
      } else {
        this.#phase = 'terminated'
        const state = this.#state
        this.#state = undefined
        await service.exit(state, args, running)
      }
    } finally {
      running.close()
    }
    const loss = running.loss()
    if (loss !== undefined) throw loss
  }

  #requirePhase(verb: Verb): void {
    const phase = this.#phase
    if (phase === 'terminated') throw this.#refusal('TERMINATED', 'was terminated and cannot be used any more')
    if (verb === 'init') {
      if (phase === 'initialized') throw this.#refusal('ALREADY_INITIALIZED', 'is already initialized')
    } else if (phase === 'new') {
      throw this.#refusal('NOT_INITIALIZED', 'is not initialized; call initialize() first')
    }
  }

  #refusal(code: 'NOT_INITIALIZED' | 'ALREADY_INITIALIZED' | 'TERMINATED', what: string): ServerError {
    return new ServerError(`service "${this.#name}" ${what}`, { code, notStarted: true })
  }
}
