// One run of a transactional action: its answer is committed in the transaction of its effect, and leaves after the commit.
//
//   value  ──> wrote, or may have run elsewhere ──> answer row, last statement ──> COMMIT ──> answer
//     ╰──────> only read                        ──> answer                   ╰─no row written: undo, send the other's answer
//   thrown ──> undo ──> answer row ──> failure
import type { RunContext, RunFeature } from '../../core/action/run-context.ts'
import type { NestedCall } from '../../core/action/run-options.ts'
import { OutcomeUnknownError } from '../../core/base/errors.ts'
import type { RecordedAnswer } from '../../core/session/call-records.ts'
import type { Payload } from '../../core/wire/bytes/payload.ts'
import { Kind } from '../../core/wire/frames/frame.ts'
import type { ActionUnit } from './action-unit.ts'
import { StoreUnavailableError } from './data-errors.ts'
import type { Db } from './db.ts'
import { NotOurs } from './durable/answer-rows.ts'
import type { SessionRecords } from './durable/session-records.ts'
import { HeldItems } from './held-items.ts'

/** The longest wait before the first rerun; each further one may take twice as long. */
const firstDelayMs = 10

export class TransactionalRun implements RunFeature {
  readonly #unit: ActionUnit
  readonly #context: RunContext
  readonly #records: SessionRecords
  readonly #items = new HeldItems('transactional')
  /** The error of a commit that did not happen. */
  #lost: StoreUnavailableError | undefined

  constructor(unit: ActionUnit, context: RunContext, records: SessionRecords) {
    this.#unit = unit
    this.#context = context
    this.#records = records
  }

  get db(): Db {
    return this.#unit.db
  }

  hold(item: Payload): void {
    this.#items.add(item)
  }

  keep(value: Payload): Promise<RecordedAnswer | undefined> | undefined {
    const items = this.#items.all
    const { callId: seq } = this.#context
    const recorded: RecordedAnswer = { answer: { kind: Kind.Result, seq, items: items.length, value }, items }
    if (this.#unit.isHolding || this.#context.mayHaveRun) return this.#commit(recorded)
    const kept = this.#unit.keep()
    if (items.length === 0) return kept
    return Promise.resolve(kept).then(() => recorded)
  }

  undo(encodeFailure: () => Payload, notStarted: boolean): Promise<RecordedAnswer | undefined> | undefined {
    const undone = this.#unit.undo()
    // Nobody waits for the failure of a call that was given up, unless it may run elsewhere.
    if (notStarted || (this.#context.isAbandoned && !this.#context.mayHaveRun)) return undone
    return Promise.resolve(undone).then(() => this.#recordFailure(encodeFailure()))
  }

  again(error: unknown, reruns: number): Promise<void> | undefined {
    const isPassing = (error !== undefined && error === this.#lost) || this.#unit.wasInterrupted
    if (!isPassing || this.#context.isAbandoned) return undefined
    return Promise.resolve(this.#unit.undo()).then(() => this.#unit.delay(firstDelayMs * 2 ** reruns))
  }

  forClient<T>(waiting: Promise<T>): Promise<T> {
    return this.#unit.forClient(waiting)
  }

  onCall(call: NestedCall): void {
    this.#unit.onCall(call)
  }

  async #commit(recorded: RecordedAnswer): Promise<RecordedAnswer> {
    const { callId: seq, actionName } = this.#context
    if (!this.#unit.isHolding) {
      await this.#unit.keep()
      return this.#records.recordAll(seq, actionName, recorded)
    }
    try {
      await this.#unit.keepWith((run) => this.#records.write(run, seq, actionName, recorded))
      this.#records.counts.commits++
      return recorded
    } catch (error) {
      if (error instanceof NotOurs) return this.#records.instead(seq, actionName, error)
      if (error instanceof OutcomeUnknownError) return this.#afterLostCommit(recorded)
      throw error
    }
  }

  /**
   * Finds out whether the commit succeeded, by writing the answer again: that waits for a transaction which is still open. Where it writes,
   * the former one was undone, and the run begins again.
   */
  async #afterLostCommit(recorded: RecordedAnswer): Promise<RecordedAnswer> {
    const { callId: seq, actionName } = this.#context
    while (!this.#context.isAbandoned) {
      try {
        const found = await this.#records.probe(seq, actionName, recorded)
        if (found !== undefined) return found
      } catch (error) {
        if (error instanceof StoreUnavailableError) continue
        break
      }
      this.#lost = new StoreUnavailableError(
        'the connection to the store was lost during the commit; nothing of what this action did was kept',
      )
      throw this.#lost
    }
    return this.#records.unknown(seq, actionName)
  }

  async #recordFailure(error: Payload): Promise<RecordedAnswer | undefined> {
    const { callId: seq, actionName } = this.#context
    try {
      return await this.#records.record(seq, actionName, {
        kind: Kind.Failure,
        seq,
        items: 0,
        notStarted: false,
        error,
      })
    } catch {
      // The store cannot be reached. No other server has run this call, unless the session was adopted: then it may still do so.
      return this.#context.mayHaveRun ? this.#records.unknown(seq, actionName) : undefined
    }
  }
}
