// The outcomes of calls that came with an Idempotency-Key: who comes again with the key joins the run, or is given what
// it ended with. A key is never run a second time while it is kept; what cannot be promised is refused instead.
//
//   begin ──> running ──> kept ──> (keepMs) gone
//                │          ╰────> forgotten: too large to keep; said so until it is gone
//                ╰──> gone: it certainly never started
import type { Clock, Timer } from '../../base/clock.ts'
import { type Place, Queue } from '../../base/queue.ts'
import { type Answer, answerSize } from '../answer.ts'
import { HttpFault, retryAfter } from './error-answer.ts'
import type { IdempotencyLimits } from './http-options.ts'

/** Which run is meant: whose, of what, and by which key. */
export interface RunName {
  readonly identity: string
  readonly action: string
  readonly key: string
}

/** The first one runs, and must settle; the others get its answer. */
export type Begun =
  | { readonly isFirst: true; readonly settle: (answer: Answer, fate: 'keep' | 'drop') => void }
  | { readonly isFirst: false; readonly answer: Promise<Answer> }

interface Entry {
  readonly id: string
  readonly identity: string
  readonly fingerprint: string
  /** undefined: it is forgotten. */
  answer: Promise<Answer> | undefined
  /** undefined while it runs. */
  kept: { readonly size: number; readonly untilMs: number; readonly place: Place } | undefined
}

export class KeptOutcomes {
  readonly #limits: IdempotencyLimits
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #countOf = new Map<string, number>()
  /** Those that have ended, the oldest first. */
  readonly #ended = new Set<Entry>()
  /** Those of them whose answers are kept. */
  readonly #answers = new Queue<Entry>()
  #keptBytes = 0
  #timer: Timer | undefined

  constructor(limits: IdempotencyLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  get keyCount(): number {
    return this.#entries.size
  }

  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Throws HttpFault: 422 for another request, 409 where the answer is kept no longer, 429, 503. */
  begin(name: RunName, fingerprint: string): Begun {
    const { identity, action, key } = name
    const id = JSON.stringify([identity, action, key])
    const known = this.#entries.get(id)
    if (known !== undefined) return this.#again(known, fingerprint)
    this.#requireRoom(identity)
    let settled: ((answer: Answer) => void) | undefined
    const answer = new Promise<Answer>((resolve) => {
      settled = resolve
    })
    const entry: Entry = { id, identity, fingerprint, answer, kept: undefined }
    this.#entries.set(id, entry)
    this.#countOf.set(identity, (this.#countOf.get(identity) ?? 0) + 1)
    const settle = (given: Answer, fate: 'keep' | 'drop'): void => {
      if (fate === 'keep') this.#keep(entry, given)
      else this.#remove(entry)
      settled?.(given)
    }
    return { isFirst: true, settle }
  }

  close(): void {
    this.#timer?.cancel()
    for (const entry of [...this.#ended]) this.#remove(entry)
  }

  #again(entry: Entry, fingerprint: string): Begun {
    if (entry.fingerprint !== fingerprint)
      throw new HttpFault(422, 'IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key came with another body; use a new key')
    if (entry.answer === undefined)
      throw new HttpFault(
        409,
        'OUTCOME_UNKNOWN',
        'the call with this Idempotency-Key ran, and its answer is not kept any more',
      )
    return { isFirst: false, answer: entry.answer }
  }

  #requireRoom(identity: string): void {
    const { maxKeys, maxKeysPerIdentity } = this.#limits
    if ((this.#countOf.get(identity) ?? 0) >= maxKeysPerIdentity)
      throw new HttpFault(
        429,
        'BUSY',
        `${maxKeysPerIdentity} Idempotency-Keys of this client are kept already`,
        this.#retryAfter(identity),
      )
    if (this.#entries.size >= maxKeys)
      throw new HttpFault(503, 'BUSY', `${maxKeys} Idempotency-Keys are kept already`, this.#retryAfter())
  }

  /** Seconds until the first of them is gone. */
  #retryAfter(identity?: string): Readonly<Record<string, string>> {
    for (const entry of this.#ended) {
      if (identity !== undefined && entry.identity !== identity) continue
      const waitMs = (entry.kept?.untilMs ?? 0) - this.#clock.now()
      return { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) }
    }
    return retryAfter
  }

  #keep(entry: Entry, answer: Answer): void {
    const size = answerSize(answer)
    entry.kept = { size, untilMs: this.#clock.now() + this.#limits.keepMs, place: this.#answers.add(entry) }
    this.#ended.add(entry)
    this.#keptBytes += size
    while (this.#keptBytes > this.#limits.maxKeptBytes) this.#forget(this.#answers.take() as Entry)
    this.#arm()
  }

  /** The answer goes, the key stays: what ran must not run again. */
  #forget(entry: Entry): void {
    this.#keptBytes -= entry.kept?.size ?? 0
    entry.answer = undefined
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.id)
    this.#ended.delete(entry)
    if (entry.kept?.place.leave()) this.#keptBytes -= entry.kept.size
    const left = (this.#countOf.get(entry.identity) ?? 1) - 1
    if (left === 0) this.#countOf.delete(entry.identity)
    else this.#countOf.set(entry.identity, left)
  }

  #arm(): void {
    if (this.#timer !== undefined) return
    const [oldest] = this.#ended
    if (oldest?.kept === undefined) return
    this.#timer = this.#clock.setTimer(this.#sweep, oldest.kept.untilMs - this.#clock.now())
  }

  readonly #sweep = (): void => {
    this.#timer = undefined
    const nowMs = this.#clock.now()
    for (const entry of this.#ended) {
      if ((entry.kept?.untilMs ?? 0) > nowMs) break
      this.#remove(entry)
    }
    this.#arm()
  }
}
