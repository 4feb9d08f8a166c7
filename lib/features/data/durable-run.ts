// One run of a durable action: it is recorded before the handler starts, and its answer before that leaves. What the handler writes to
// `context.db` is a unit of its own, as in any other action.
//
//   start row, COMMIT ──> handler ──> unit's commit ──> answer into the row, COMMIT ──> answer
//     ╰─ the call has a row: its answer ╰── throws ──> unit undone ──╯         ╰─ cut meanwhile: what the row says
import type { RunContext, RunFeature } from '../../core/action/run-context.ts'
import type { NestedCall } from '../../core/action/run-options.ts'
import type { RecordedAnswer } from '../../core/session/call-records.ts'
import type { Payload } from '../../core/wire/bytes/payload.ts'
import { Kind } from '../../core/wire/frames/frame.ts'
import type { ActionUnit } from './action-unit.ts'
import { StoreUnavailableError } from './data-errors.ts'
import type { Db } from './db.ts'
import type { KeyTurn } from './durable/keyed-calls.ts'
import type { SessionRecords } from './durable/session-records.ts'
import { HeldItems } from './held-items.ts'

/** The longest pause before the store is asked again. */
const mostPauseMs = 200

export class DurableRun implements RunFeature {
  readonly #unit: ActionUnit
  readonly #context: RunContext
  readonly #records: SessionRecords
  readonly #items = new HeldItems('durable')
  readonly #turn: KeyTurn | undefined

  /** `turn`: that of its key. */
  constructor(unit: ActionUnit, context: RunContext, records: SessionRecords, turn?: KeyTurn) {
    this.#turn = turn
    this.#unit = unit
    this.#context = context
    this.#records = records
  }

  /** Records that it starts. Returns what is sent in its place if it must not. Rejects if that cannot be recorded. */
  async begin(): Promise<RecordedAnswer | undefined> {
    const { callId: seq, actionName } = this.#context
    let isStarted = false
    try {
      const former = await this.#records.start(seq, actionName, this.#turn?.key)
      isStarted = former === undefined
      return former
    } finally {
      if (!isStarted) this.#turn?.release()
    }
  }

  get db(): Db {
    return this.#unit.db
  }

  hold(item: Payload): void {
    this.#items.add(item)
  }

  async keep(value: Payload): Promise<RecordedAnswer> {
    await this.#unit.keep()
    const items = this.#items.all
    const { callId: seq } = this.#context
    return this.#end({ answer: { kind: Kind.Result, seq, items: items.length, value }, items })
  }

  undo(encodeFailure: () => Payload): Promise<RecordedAnswer> {
    const { callId: seq } = this.#context
    return Promise.resolve(this.#unit.undo()).then(() => {
      const answer = { kind: Kind.Failure, seq, items: 0, notStarted: false, error: encodeFailure() } as const
      return this.#end({ answer, items: [] })
    })
  }

  forClient<T>(waiting: Promise<T>): Promise<T> {
    return this.#unit.forClient(waiting)
  }

  onCall(call: NestedCall): void {
    this.#unit.onCall(call)
  }

  /** Waits for a store that is away as long as somebody waits for the answer. Never rejects. */
  async #end(recorded: RecordedAnswer): Promise<RecordedAnswer> {
    const { callId: seq, actionName } = this.#context
    for (;;) {
      try {
        const counting = await this.#records.end(seq, actionName, recorded, this.#turn?.key)
        this.#turn?.release()
        return counting
      } catch (error) {
        if (error instanceof StoreUnavailableError && !this.#context.isAbandoned) {
          // The store may refuse immediately.
          await this.#unit.delay(mostPauseMs)
          continue
        }
        this.#turn?.release()
        return this.#records.unknown(seq, actionName, 'it ran, but the store could not record its answer')
      }
    }
  }
}
