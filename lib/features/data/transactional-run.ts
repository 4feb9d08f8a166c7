// One run of a transactional action: its answer is committed in the transaction of its effect, and leaves after the commit.
//
//   value  ──> wrote, or may have run elsewhere ──> answer row, last statement ──> COMMIT ──> answer
//     ╰──────> only read                        ──> answer                   ╰─no row written: undo, send the other's answer
//   thrown ──> undo ──> answer row ──> failure
import type { RunContext, RunFeature } from '../../core/action/run-context.ts'
import type { NestedCall } from '../../core/action/run-options.ts'
import { ActionError, OutcomeUnknownError } from '../../core/base/errors.ts'
import type { RecordedAnswer } from '../../core/session/call-records.ts'
import type { Payload } from '../../core/wire/bytes/payload.ts'
import { Kind } from '../../core/wire/frames/frame.ts'
import type { ActionUnit } from './action-unit.ts'
import { StoreUnavailableError } from './data-errors.ts'
import type { Db } from './db.ts'
import { NotOurs } from './durable/answer-rows.ts'
import type { CallKey } from './durable/key-rows.ts'
import type { KeyTurn } from './durable/keyed-calls.ts'
import type { SessionRecords } from './durable/session-records.ts'
import { HeldItems } from './held-items.ts'
import type { SharedLogs } from './message-logs.ts'
import { RunOutbox } from './run-outbox.ts'

/** The longest wait before the first rerun; each further one may take twice as long. */
const firstDelayMs = 10

/** The longest pause before the store is asked again. */
const mostPauseMs = 200

export class TransactionalRun implements RunFeature {
  readonly #unit: ActionUnit
  readonly #context: RunContext
  readonly #records: SessionRecords
  readonly #logs: SharedLogs
  readonly #turn: KeyTurn | undefined
  #outbox: RunOutbox | undefined
  readonly #items = new HeldItems('transactional')
  /** The error of a commit that did not happen. */
  #lost: StoreUnavailableError | undefined

  /** `turn`: that of its key. */
  constructor(
    unit: ActionUnit,
    context: RunContext,
    records: SessionRecords,
    { turn, logs }: { readonly turn: KeyTurn | undefined; readonly logs: SharedLogs },
  ) {
    this.#logs = logs
    this.#turn = turn
    this.#unit = unit
    this.#context = context
    this.#records = records
  }

  get db(): Db {
    return this.#unit.db
  }

  get outbox(): RunOutbox {
    this.#outbox ??= new RunOutbox(this.#logs)
    return this.#outbox
  }

  hold(item: Payload): void {
    this.#items.add(item)
  }

  keep(value: Payload): Promise<RecordedAnswer | undefined> | undefined {
    const items = this.#items.all
    const { callId: seq } = this.#context
    this.#outbox?.end()
    const recorded: RecordedAnswer = { answer: { kind: Kind.Result, seq, items: items.length, value }, items }
    if (this.#turn !== undefined) return this.#commit(recorded).finally(() => this.#turn?.release())
    if (this.#mustCommit || this.#context.mayHaveRun) return this.#commit(recorded)
    const kept = this.#unit.keep()
    if (items.length === 0 && this.#outbox === undefined) return kept
    return Promise.resolve(kept).then(() => {
      this.#outbox?.committed()
      return items.length === 0 ? undefined : recorded
    })
  }

  undo(
    encodeFailure: () => Payload,
    notStarted: boolean,
    thrown: unknown,
  ): Promise<RecordedAnswer | undefined> | undefined {
    this.#outbox?.end()
    const undone = this.#unit.undo()
    const turn = this.#turn
    // Nobody waits for the failure of a call that was given up, unless it may run elsewhere.
    const isNoAnswer = notStarted || (this.#context.isAbandoned && !this.#context.mayHaveRun)
    if (isNoAnswer && turn === undefined) return undone
    const key = turn !== undefined && this.#isAnswer(thrown) ? turn.key : undefined
    return Promise.resolve(undone)
      .then(() => (isNoAnswer ? undefined : this.#recordFailure(encodeFailure(), key)))
      .finally(() => turn?.release())
  }

  again(error: unknown, reruns: number): Promise<void> | undefined {
    const isPassing = (error !== undefined && error === this.#lost) || this.#unit.wasInterrupted
    if (!isPassing || this.#context.isAbandoned) return undefined
    this.#turn?.release()
    return Promise.resolve(this.#unit.undo()).then(() => this.#unit.delay(firstDelayMs * 2 ** reruns))
  }

  forClient<T>(waiting: Promise<T>): Promise<T> {
    return this.#unit.forClient(waiting)
  }

  onCall(call: NestedCall): void {
    this.#unit.onCall(call)
  }

  /** It wrote or locked something, or its messages are to be written. */
  get #mustCommit(): boolean {
    return this.#unit.isHolding || this.#outbox?.hasMessages === true
  }

  async #commit(recorded: RecordedAnswer): Promise<RecordedAnswer> {
    const { callId: seq, actionName } = this.#context
    if (!this.#mustCommit) {
      await this.#unit.keep()
      const counts = await this.#records.recordAll(seq, actionName, recorded, this.#turn?.key)
      if (counts === recorded) this.#outbox?.committed()
      return counts
    }
    try {
      await this.#unit.keepWith(async (run) => {
        // Rooms are locked from here on: nothing but the answer follows.
        await this.#outbox?.write(run)
        return this.#records.write(run, seq, actionName, recorded, this.#turn?.key)
      })
      this.#records.committed(seq, recorded)
      this.#outbox?.committed()
      return recorded
    } catch (error) {
      if (error instanceof NotOurs) return this.#records.instead(seq, actionName, error, this.#turn?.key)
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
        const found = await this.#records.probe(seq, actionName, recorded, this.#turn?.key)
        if (found !== undefined) return found
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) break
        // The store may refuse immediately.
        await this.#unit.delay(mostPauseMs)
        continue
      }
      this.#lost = new StoreUnavailableError(
        'the connection to the store was lost during the commit; nothing of what this action did was kept',
      )
      throw this.#lost
    }
    return this.#records.unknown(seq, actionName)
  }

  /** Whether an error is the action's answer, which its key keeps: after any other one, the same key may run again. */
  #isAnswer(thrown: unknown): boolean {
    return thrown instanceof ActionError && !(thrown instanceof StoreUnavailableError) && !this.#unit.wasInterrupted
  }

  async #recordFailure(error: Payload, key: CallKey | undefined): Promise<RecordedAnswer | undefined> {
    // It failed because it may not go further here, and nobody hears of it: the next server runs it.
    if (this.#records.isOver) return undefined
    const { callId: seq, actionName } = this.#context
    const answer = { kind: Kind.Failure, seq, items: 0, notStarted: false, error } as const
    for (;;) {
      try {
        return await this.#records.recordAll(seq, actionName, { answer, items: [] }, key)
      } catch (thrown) {
        // No other server has run this call, unless the session was adopted: then it may still do so.
        if (!this.#context.mayHaveRun) return undefined
        if (!(thrown instanceof StoreUnavailableError) || this.#context.isAbandoned)
          return this.#records.unknown(seq, actionName)
        await this.#unit.delay(mostPauseMs)
        if (this.#records.isOver) return undefined
      }
    }
  }
}
