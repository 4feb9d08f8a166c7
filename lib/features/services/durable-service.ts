// A durable service on its server: its states are rows of the store, one for each key, and the lock of a row is the turn. So it has nothing
// in memory but the calls that wait here, for each key in order of arrival: one of them at a time waits for the row.
//
//   call ──> turn of its key here ──> lock of the row ──> decoded ──> init, exec, exit ──> saved ──> COMMIT with the answer
import type { Context } from '../../core/action/context.ts'
import { beforeStart, Refused } from '../../core/action/refused.ts'
import { BusyError } from '../../core/base/errors.ts'
import { describe } from '../../core/base/options.ts'
import { ConcurrencyLimiter } from '../../core/server/concurrency-limiter.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { ServiceStates, StatePlace, StoredState } from '../../core/server/service-states.ts'
import { checkArgs } from './checked-args.ts'
import { HeldResponses } from './held-responses.ts'
import { OwnContext } from './own-context.ts'
import { requirePhase } from './phases.ts'
import { RunningContext } from './running-context.ts'
import type { AnyService, ServiceClass, Verb } from './service.ts'
import type { HostRun, ServiceInstance } from './service-instance.ts'
import { StateCodec } from './state-codec.ts'

export interface DurableServiceOptions {
  readonly maxQueued: number
  readonly maxStateBytes: number
}

/** The calls of one key that run or wait here. */
interface Line {
  readonly limiter: ConcurrencyLimiter
  count: number
}

/** One run of a method. */
interface Turn {
  readonly verb: Verb
  readonly place: StatePlace
  readonly label: string
  readonly args: unknown
  readonly context: Context<unknown>
}

const terminated: StoredState = { phase: 'terminated', stateVersion: 0, state: undefined }

export class DurableService {
  readonly name: string
  readonly #service: AnyService
  readonly #states: ServiceStates
  readonly #codec: StateCodec
  readonly #kit: Pick<ServerKit, 'clock'>
  readonly #options: DurableServiceOptions
  /** A key without calls has none: keys come from clients. */
  readonly #lines = new Map<string, Line>()

  constructor(
    name: string,
    service: AnyService,
    states: ServiceStates,
    options: DurableServiceOptions,
    kit: Pick<ServerKit, 'clock' | 'classes' | 'limits'>,
  ) {
    this.name = name
    this.#service = service
    this.#states = states
    this.#options = options
    this.#kit = kit
    this.#codec = new StateCodec(service, options.maxStateBytes, kit)
  }

  /** Keys with calls that run or wait. */
  get activeCount(): number {
    return this.#lines.size
  }

  /** Settles when no run waits or runs. */
  async idle(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ limiter }) => limiter.idle()))
  }

  /** The service with one key; '': without. */
  instance(key: string): ServiceInstance {
    const { name } = this
    const place = { name, key }
    const label = labelOf(place)
    const waiting = (): number => this.#lines.get(key)?.limiter.waitingCount ?? 0
    return {
      name,
      phase: undefined,
      readPhase: () => this.#states.phaseOf(place),
      get queuedCount() {
        return waiting()
      },
      run: (verb, args, context, asked) => this.#run({ verb, place, label, args, context }, asked),
    }
  }

  async #run(turn: Turn, { holders, onTerminated }: HostRun = {}): Promise<void> {
    const { key } = turn.place
    const line = this.#lines.get(key) ?? { limiter: this.#limiterOf(turn), count: 0 }
    this.#lines.set(key, line)
    line.count++
    let hasTurn = false
    let hasStarted = false
    const onStart = (): void => {
      hasStarted = true
    }
    const perform = async (): Promise<void> => {
      const { args } = await checkArgs(this.name, this.#schemas, turn.verb, turn.args)
      hasTurn = true
      const checked = { ...turn, args }
      await (turn.context instanceof OwnContext ? this.#runOwn(checked, onStart) : this.#runOf(checked, onStart))
    }
    try {
      await line.limiter.run(turn.context.signal, perform, holders)
    } catch (error) {
      // The error of a lost turn begins the run again.
      throw hasTurn ? error : new Refused(error)
    } finally {
      line.count--
      if (line.count === 0) this.#lines.delete(key)
      if (hasStarted && turn.verb === 'exit') onTerminated?.()
    }
  }

  /** In the transaction of the call, which its runner commits with the answer. */
  #runOf(turn: Turn, onStart: () => void): Promise<void> {
    const { context } = turn
    return this.#perform(turn, context.db, context.emit, onStart)
  }

  /** In a transaction of its own; its responses leave after the commit. */
  async #runOwn(turn: Turn, onStart: () => void): Promise<void> {
    const { context, label, verb } = turn
    const held = await this.#states.transaction(`${label}: ${verb}`, context.signal, async (db) => {
      const responses = new HeldResponses(`${label}: ${verb}`)
      await this.#perform(turn, db, responses.add, onStart)
      return responses
    })
    await held.passTo(context.emit)
  }

  async #perform(turn: Turn, db: unknown, emit: Context<unknown>['emit'], onStart: () => void): Promise<void> {
    const { verb, place, label, args, context } = turn
    const found = await this.#take(db, place, verb === 'init')
    beforeStart(() => requirePhase(found.phase, verb, label))
    const service = this.#service
    const state = verb === 'init' ? undefined : await this.#codec.decode(found, label)
    const running = new RunningContext(context, `${label}: ${verb}`, this.#kit.clock, { key: place.key, db, emit })
    onStart()
    let next = terminated
    try {
      if (verb === 'init') next = this.#codec.encode(await service.init(args, running), label)
      else if (verb === 'exec') next = this.#codec.encode(await service.exec(state, args, running), label)
      else await service.exit(state, args, running)
    } finally {
      running.close()
    }
    await this.#states.save(db, place, next)
  }

  /** A store that is busy has begun nothing. */
  async #take(db: unknown, place: StatePlace, creates: boolean): Promise<StoredState> {
    try {
      return await this.#states.take(db, place, creates)
    } catch (error) {
      throw error instanceof BusyError && error.notStarted ? new Refused(error) : error
    }
  }

  #limiterOf({ label }: Turn): ConcurrencyLimiter {
    return new ConcurrencyLimiter({ label, maxWaiting: this.#options.maxQueued })
  }

  get #schemas(): ServiceClass['schemas'] {
    return (this.#service.constructor as ServiceClass).schemas
  }
}

function labelOf({ name, key }: StatePlace): string {
  return key === '' ? `service "${name}"` : `service "${name}", key ${describe(key)}`
}
