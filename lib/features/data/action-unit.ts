// The unit of work of one run of an action. Begins when the action asks for its `db`; the action's runner ends it: commits
// it once the answer is ready, or rolls it back. While it blocks others, its waits for the client are watched, and it
// knows which runs made its calls.
import type { Context } from '../../core/action/context.ts'
import type { RunFeature } from '../../core/action/run-context.ts'
import type { NestedCall } from '../../core/action/run-options.ts'
import { type Clock, sleep } from '../../core/base/clock.ts'
import { ServerError } from '../../core/base/errors.ts'
import type { ClientInput } from './client-input.ts'
import { ClientPatience } from './client-patience.ts'
import { beginUnit, type Database } from './database.ts'
import type { Db } from './db.ts'
import type { LastWork } from './durable/last-statement.ts'
import type { CallingRun, NestedRuns } from './nested-runs.ts'
import type { OpenUnit, UnitOwner } from './open-unit.ts'
import { asSent } from './sent-rows.ts'

/** Shared by the units of one server. */
export interface ActionUnitParts {
  readonly database: Database
  readonly clock: Clock
  /** From 0 to below 1. */
  random(): number
  readonly runs: NestedRuns<ActionUnit>
}

const noCalls: ReadonlySet<NestedCall> = new Set()

export class ActionUnit implements RunFeature, UnitOwner, CallingRun {
  readonly context: Context
  readonly commitsOnce: boolean
  readonly #parts: ActionUnitParts
  #unit: OpenUnit | undefined
  #patience: ClientPatience | undefined
  #isOver = false

  #calls: Set<NestedCall> | undefined

  /** What the client sent, if no schema checks it. */
  readonly input: ClientInput | undefined

  constructor(context: Context, input: ClientInput | undefined, parts: ActionUnitParts, commitsOnce = false) {
    this.commitsOnce = commitsOnce
    this.context = context
    this.input = input
    this.#parts = parts
  }

  get db(): Db {
    if (this.#unit === undefined) {
      if (this.#isOver)
        throw new ServerError('context.db: the action has ended; await every db call', { code: 'INVALID_USAGE' })
      this.#unit = this.#parts.database[beginUnit](this)
    }
    return this.#unit.db
  }

  /** The action's result as it is sent; a promise if the action used the store, because rows must be settled first. */
  settled(value: unknown): unknown {
    this.#isOver = true
    return this.#unit === undefined ? asSent(value) : this.#unit.settle().then(() => asSent(value))
  }

  keep(): Promise<undefined> | undefined {
    return this.#unit?.finish(true)
  }

  /** Commits it with what is done last in its transaction, which begins for it if needed. */
  async keepWith(last: LastWork): Promise<void> {
    this.#unit ??= this.#parts.database[beginUnit](this)
    await this.#unit.finish(true, last)
  }

  undo(): Promise<undefined> | undefined {
    this.#isOver = true
    return this.#unit?.finish(false)
  }

  /** Waits for up to so long, so that runs that met do not meet again. */
  delay(mostMs: number): Promise<void> {
    const { clock, random } = this.#parts
    return sleep(clock, random() * mostMs)
  }

  forClient<T>(waiting: Promise<T>): Promise<T> {
    const unit = this.#unit
    if (unit === undefined) return waiting
    const { options } = this.#parts.database
    this.#patience ??= new ClientPatience({
      unit,
      clock: this.#parts.clock,
      patienceMs: options.clientPatienceMs,
      isShared: options.place.kind === 'libsql' && options.place.path !== ':memory:',
      label: this.label,
      isConnected: () => this.context.session.isConnected,
    })
    return this.#patience.during(waiting)
  }

  onCall(call: NestedCall): void {
    this.#calls ??= new Set()
    const calls = this.#calls
    if (calls.size === 0) this.#parts.runs.add(this)
    calls.add(call)
    call.whenDone(() => {
      calls.delete(call)
      if (calls.size === 0) this.#parts.runs.delete(this)
    })
  }

  get calls(): ReadonlySet<NestedCall> {
    return this.#calls ?? noCalls
  }

  holderAbove(): OpenUnit | undefined {
    const run = this.#parts.runs.above(this, isHolding)
    return run === undefined ? undefined : run.#unit
  }

  isFromClient(value: object): boolean {
    return this.input?.has(value) ?? false
  }

  get signal(): AbortSignal {
    return this.context.signal
  }

  get label(): string {
    return `action "${this.context.actionName}"`
  }

  get wasInterrupted(): boolean {
    return this.#unit?.wasInterrupted === true
  }

  get isHolding(): boolean {
    return this.#unit?.isHolding === true
  }
}

function isHolding(run: ActionUnit): boolean {
  return run.isHolding
}
