// The recorded answers of one session, for its calls that may have run at another server, and for the runs of its transactional calls.
import { randomBytes } from 'node:crypto'
import { BusyError, type IsockError, OutcomeUnknownError } from '../../../core/base/errors.ts'
import type { CallRecords, RecordedAnswer } from '../../../core/session/call-records.ts'
import { type Payload, payloadSize } from '../../../core/wire/bytes/payload.ts'
import { type FailureFrame, Kind, type ResultFrame } from '../../../core/wire/frames/frame.ts'
import { type AnswerRows, type CallPlace, NotOurs, type SlotSize } from './answer-rows.ts'
import type { Run } from './durable-store.ts'
import { KeptBytes } from './kept-bytes.ts'
import { type CallKey, type FoundKey, type KeyRows, keyReused } from './key-rows.ts'
import { type LastStatement, runLast } from './last-statement.ts'
import type { SessionPlace } from './session-rows.ts'
import type { SharedCommits } from './shared-commits.ts'

/** Tells one start of a call from another, which a zombie may have begun. */
const tokenBytes = 16

/** How often something happened since the server started. */
export interface DurableCounts {
  /** Effects and failures that were committed with their answers. */
  commits: number
  /** Answers that were committed before, and were sent again. */
  replays: number
  /** Sessions that another server had, or this one before a restart. */
  adoptions: number
  /** Transactional and durable calls whose outcome could not be found out. */
  unknowns: number
}

/** What the records of a session need of their server. */
export interface RecordsHome {
  readonly answers: AnswerRows
  readonly commits: SharedCommits
  readonly keys: KeyRows
  readonly counts: DurableCounts
  kindOf(action: string): 'recorded' | 'idempotent' | 'other'
  encode(error: IsockError): Payload
  /** The most bytes of results that a session keeps in the store. */
  readonly maxKeptBytes: number
  /** Waits for this work before the store is closed. */
  settling(work: Promise<unknown>): void
  /** The session of these records is over, or another server has it. */
  onOver(records: SessionRecords): void
}

export class SessionRecords implements CallRecords {
  /** The session has ended here: its calls are left to the server that continues it, if there is one. */
  isOver = false
  readonly #home: RecordsHome
  readonly #session: string
  readonly #generation: number
  readonly #slotCount: number

  readonly #kept: KeptBytes

  /** `adopted`: the results that another server has recorded. */
  constructor(
    home: RecordsHome,
    { id, generation }: SessionPlace,
    slotCount: number,
    adopted: readonly SlotSize[] = [],
  ) {
    this.#home = home
    this.#session = id
    this.#generation = generation
    this.#slotCount = slotCount
    const drop = (results: readonly SlotSize[]): Promise<void> => {
      const dropped = home.answers.drop(id, results)
      home.settling(dropped)
      return dropped
    }
    this.#kept = new KeptBytes({ maxBytes: home.maxKeptBytes, slotCount, drop }, adopted)
  }

  /** Called when the client has the answer of a call. */
  readonly onAcknowledged = (seq: number): void => this.#kept.acknowledged(seq % this.#slotCount, seq)

  /** Why no call may start: too many bytes of the session are kept. `isNew`: the call never ran elsewhere. */
  refusal(isNew: boolean): BusyError | undefined {
    return this.#kept.refusal(isNew)
  }

  /** Called when an answer is in its row. */
  committed(seq: number, { answer }: RecordedAnswer): void {
    this.#home.counts.commits++
    this.#keptIn(seq, answer)
  }

  #keptIn(seq: number, answer: ResultFrame | FailureFrame): void {
    const bytes = answer.kind === Kind.Result ? payloadSize(answer.value) : 0
    this.#kept.committed(seq % this.#slotCount, seq, bytes)
  }

  kindOf(action: string): 'recorded' | 'idempotent' | 'other' {
    return this.#home.kindOf(action)
  }

  async find(seq: number): Promise<RecordedAnswer | undefined> {
    this.#kept.claim(seq)
    const found = await this.#home.answers.find(this.#placeOf(seq))
    // Its caller has settled it long ago, and used its slot again.
    if (found === 'later') return this.#unknown(seq, '')
    if (found === 'cut') return this.unknown(seq, '', 'it had started at a server that is gone')
    if (found === 'running') {
      this.#home.onOver(this)
      return this.#unknown(seq, '')
    }
    if (found !== undefined) {
      this.#home.counts.replays++
      this.#keptIn(seq, found.answer)
    }
    return found
  }

  /** Records an answer without items. */
  record(seq: number, action: string, answer: ResultFrame | FailureFrame): Promise<RecordedAnswer> {
    return this.recordAll(seq, action, { answer, items: [] })
  }

  /** Records an answer, unless the call has one, and returns the one that counts. Rejects if the store cannot be reached. */
  async recordAll(seq: number, action: string, recorded: RecordedAnswer, key?: CallKey): Promise<RecordedAnswer> {
    try {
      const last = this.#lastOf(seq, recorded, key)
      await this.#home.answers.record(this.#placeOf(seq), action, recorded, last)
      this.committed(seq, recorded)
      return recorded
    } catch (error) {
      if (error instanceof NotOurs) return this.instead(seq, action, error, key)
      throw error
    }
  }

  /** The answer that the call has. undefined: it has none, and no transaction that had written this one can be committed any more. */
  async probe(
    seq: number,
    action: string,
    recorded: RecordedAnswer,
    key?: CallKey,
  ): Promise<RecordedAnswer | undefined> {
    try {
      const last = this.#lastOf(seq, recorded, key)
      await this.#home.answers.probe(this.#placeOf(seq), action, recorded, last)
      return undefined
    } catch (error) {
      if (error instanceof NotOurs) return this.instead(seq, action, error, key)
      throw error
    }
  }

  /** Writes an answer at the end of the transaction of its effect; the last statement is returned. It throws NotOurs, as this does: see `instead`. */
  async write(run: Run, seq: number, action: string, recorded: RecordedAnswer, key?: CallKey): Promise<LastStatement> {
    const answer = this.#home.answers.writing(this.#placeOf(seq), action, recorded)
    const last = this.#lastOf(seq, recorded, key)
    if (last === undefined) return answer
    await runLast(run, answer)
    return last
  }

  /** The answer to be sent in place of one that was not written. Rejects if the store cannot be reached. */
  async instead(seq: number, action: string, { why }: NotOurs, key?: CallKey): Promise<RecordedAnswer> {
    if (why === 'key taken' && key !== undefined)
      return this.answerOf(seq, action, await this.#home.keys.find(key, seq))
    const found = why === 'answered' ? await this.find(seq) : undefined
    if (found !== undefined) return found
    this.#home.onOver(this)
    return this.#unknown(seq, action)
  }

  /** The answer of a call whose key has a row. */
  answerOf(seq: number, action: string, found: FoundKey | undefined): RecordedAnswer {
    if (found === 'reused') return this.#failure(seq, keyReused(), true)
    if (found === undefined || typeof found === 'string')
      return this.unknown(seq, action, 'a call with its key was running at a server that is gone')
    this.#home.counts.replays++
    return found
  }

  /** Records that a durable call starts. Returns what is sent in place of its run if it must not. Rejects if that cannot be recorded. */
  async start(seq: number, action: string, key?: CallKey): Promise<RecordedAnswer | undefined> {
    const token = randomBytes(tokenBytes)
    try {
      const isOurs = await this.#home.commits.add(async (run) => {
        if (!(await this.#home.answers.start(run, this.#placeOf(seq), action, token))) return false
        if (key !== undefined && !(await this.#home.keys.start(run, key, this.#placeOf(seq))))
          throw new NotOurs('key taken')
        return true
      })
      return isOurs ? undefined : this.instead(seq, action, new NotOurs('answered'))
    } catch (error) {
      if (error instanceof NotOurs && error.why === 'key taken' && key !== undefined) {
        const found = await this.#home.keys.find(key, seq)
        if (found === undefined || found === 'running') throw new BusyError('another call with this key is running')
        return this.answerOf(seq, action, found)
      }
      if (error instanceof NotOurs) return this.instead(seq, action, error)
      throw error
    }
  }

  /** Records the answer of a durable call, and returns the one that counts. Rejects if the store cannot be reached. */
  async end(seq: number, action: string, recorded: RecordedAnswer, key?: CallKey): Promise<RecordedAnswer> {
    const { commits, answers, keys } = this.#home
    const place = this.#placeOf(seq)
    const isOurs = await commits
      .add(async (run) => {
        const isRunning = await answers.end(run, place, recorded)
        if (isRunning && key !== undefined && !(await keys.end(run, key, place, recorded)))
          throw new NotOurs('answered')
        return isRunning
      })
      .catch((error: unknown) => {
        if (error instanceof NotOurs) return false
        throw error
      })
    if (!isOurs) return this.instead(seq, action, new NotOurs('answered'))
    this.committed(seq, recorded)
    return recorded
  }

  encode(error: IsockError): Payload {
    return this.#home.encode(error)
  }

  get counts(): DurableCounts {
    return this.#home.counts
  }

  /** An answer that says that the outcome is unknown, which is not recorded. */
  unknown(seq: number, action: string, why?: string): RecordedAnswer {
    this.#home.counts.unknowns++
    return this.#unknown(seq, action, why)
  }

  #unknown(
    seq: number,
    action: string,
    why = 'the store cannot say, or another server has the session',
  ): RecordedAnswer {
    const about = action === '' ? 'the call' : `action "${action}"`
    const message = `it is unknown what became of ${about}: ${why}`
    return this.#failure(seq, new OutcomeUnknownError(message), false)
  }

  #failure(seq: number, error: IsockError, notStarted: boolean): RecordedAnswer {
    return { answer: { kind: Kind.Failure, seq, items: 0, notStarted, error: this.encode(error) }, items: [] }
  }

  /** What is done after the answer was written: the key has it too. */
  #lastOf(seq: number, recorded: RecordedAnswer, key: CallKey | undefined): LastStatement | undefined {
    return key === undefined ? undefined : this.#home.keys.writing(key, this.#placeOf(seq), recorded)
  }

  #placeOf(seq: number): CallPlace {
    return { session: this.#session, generation: this.#generation, slot: seq % this.#slotCount, seq }
  }
}
