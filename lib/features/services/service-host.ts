// One service on its server, with its state in memory, and which method may run in which phase.
//
//   new ──init──> initialized ──exit──> terminated     exec: only while initialized; it changes the state
//    ╰─<─throws                                        exit: terminates it, even if it throws

import type { Context } from '../../core/action/context.ts'
import { beforeStart, Refused } from '../../core/action/refused.ts'
import type { Filled } from '../../core/base/option-table.ts'
import { ConcurrencyLimiter } from '../../core/server/concurrency-limiter.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import { type CheckedArgs, checkArgs } from './checked-args.ts'
import { requirePhase, type ServicePhase } from './phases.ts'
import { RunningContext } from './running-context.ts'
import type { AnyService, ServiceClass, Verb } from './service.ts'
import type { HostRun, Receipt, ServiceInstance } from './service-instance.ts'
import { sizeOfArgs } from './size-of-args.ts'

/** Options of a service. */
export interface ServiceOptions {
  /** Calls that may wait for their turn; more are refused with BusyError as not started. Default 1 024. */
  readonly maxQueued?: number | undefined
  /** Clients may shut the server down with `terminate(args, { shutdown: true })`. Default false. */
  readonly allowShutdown?: boolean | undefined
  /** The most bytes of the state of a durable service. Default 1 MiB. */
  readonly maxStateBytes?: number | undefined
}

/** What it uses of the options. */
export type HostOptions = Pick<Filled<ServiceOptions>, 'maxQueued'>

/** What it needs of its server. */
export type ServiceSurroundings = Pick<ServerKit, 'clock'>

/** Bound on the arguments of all runs of a service that are accepted before their turn. */
const maxKeptBytes = 16 * 1024 * 1024

export class ServiceHost implements ServiceInstance {
  readonly #name: string
  readonly #service: AnyService
  readonly #schemas: ServiceClass['schemas']
  readonly #limiter: ConcurrencyLimiter
  readonly #kit: ServiceSurroundings
  #phase: ServicePhase = 'new'
  #state: unknown
  /** Runs of exit that wait or run. */
  #exits = 0
  /** The size of the arguments of runs that are accepted before their turn. */
  #keptBytes = 0

  constructor(name: string, service: AnyService, options: HostOptions, kit: ServiceSurroundings) {
    this.#kit = kit
    this.#name = name
    this.#service = service
    this.#schemas = (service.constructor as ServiceClass).schemas
    this.#limiter = new ConcurrencyLimiter({ label: `service "${name}"`, maxWaiting: options.maxQueued })
  }

  get name(): string {
    return this.#name
  }

  get description(): string | undefined {
    return (this.#service.constructor as ServiceClass).description
  }

  get phase(): ServicePhase {
    return this.#phase
  }

  readPhase(): Promise<ServicePhase> {
    return Promise.resolve(this.#phase)
  }

  /** Calls that wait for their turn. */
  get queuedCount(): number {
    return this.#limiter.waitingCount
  }

  /** Settles when no run waits or runs. */
  idle(): Promise<void> {
    return this.#limiter.idle()
  }

  /** Runs a method in its turn. Rejects with what it throws, or with Refused and why it was not started. */
  async run(verb: Verb, args: unknown, context: Context<unknown>, asked: HostRun = {}): Promise<void> {
    // A waiting init may initialize a new service; waiting changes nothing else that is forbidden now.
    if (this.#phase !== 'new') beforeStart(() => this.#requirePhase(verb))
    const { receipt } = asked
    const onAccepted = receipt && once(receipt.onAccepted)
    let hasStarted = false
    // Checked before a receipt, so that the caller learns of invalid arguments. An asynchronous check is awaited in the turn.
    const checking = onAccepted && beforeStart(() => this.#check(verb, args))
    const keptBytes = onAccepted && !(checking instanceof Promise) ? this.#keepBytes(args) : undefined
    if (verb === 'exit') this.#exits++
    try {
      await this.#limiter.run(
        receipt?.signal ?? context.signal,
        async () => {
          const given = await (checking ?? this.#check(verb, args))
          this.#requirePhase(verb)
          hasStarted = true
          onAccepted?.()
          await this.#perform(verb, given.args, context, receipt)
        },
        asked.holders,
        keptBytes === undefined ? undefined : onAccepted,
      )
    } catch (error) {
      throw hasStarted ? error : new Refused(error)
    } finally {
      if (verb === 'exit') this.#exits--
      this.#keptBytes -= keptBytes ?? 0
      if (hasStarted && verb === 'exit') asked.onTerminated?.()
    }
  }

  /**
   * Whether a run may be accepted before its turn: only if it will surely be allowed then, because an init ahead of it may fail and
   * an exit ends the runs behind it. Bounded here, because after its client has left nothing else bounds its arguments.
   */
  #keepBytes(args: unknown): number | undefined {
    if (this.#phase !== 'initialized' || this.#exits > 0) return undefined
    const size = sizeOfArgs(args, maxKeptBytes)
    if (this.#keptBytes + size > maxKeptBytes) return undefined
    this.#keptBytes += size
    return size
  }

  #check(verb: Verb, args: unknown): CheckedArgs | Promise<CheckedArgs> {
    return checkArgs(this.#name, this.#schemas, verb, args)
  }

  async #perform(verb: Verb, args: unknown, context: Context<unknown>, receipt: Receipt | undefined): Promise<void> {
    const label = `service "${this.#name}": ${verb}`
    const running = new RunningContext(context, label, this.#kit.clock, { detached: receipt?.signal })
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
    requirePhase(this.#phase, verb, `service "${this.#name}"`)
  }
}

function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) run()
    isDone = true
  }
}
