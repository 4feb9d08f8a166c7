// The messages that one room keeps, oldest first, without a gap: bounded by number, age and bytes.
import type { Encoded } from '../wire/encoded.ts'
import { payloadSize } from '../wire/payload.ts'

/** Whom a message is for; undefined: all. Session ids. */
export interface Audience {
  readonly to: ReadonlySet<string> | undefined
  readonly except: ReadonlySet<string> | undefined
}

/** A message that is kept. */
export interface KeptMessage {
  readonly offset: number
  readonly atMs: number
  /** `[offset, message]`, encoded. */
  readonly item: Encoded
  readonly audience: Audience | undefined
}

export interface HistoryBounds {
  readonly size: number
  readonly ttlMs: number
  readonly maxBytes: number
}

export class History {
  readonly #bounds: HistoryBounds
  /** Before #head: dropped, and not held. */
  #kept: (KeptMessage | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(bounds: HistoryBounds) {
    this.#bounds = bounds
  }

  get count(): number {
    return this.#kept.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  add(message: KeptMessage): void {
    const { size, maxBytes } = this.#bounds
    this.#kept.push(message)
    this.#bytes += payloadSize(message.item.payload)
    this.prune(message.atMs)
    while (this.count > size || (this.#bytes > maxBytes && this.count > 0)) this.#dropOldest()
  }

  /** Forgets what is too old. */
  prune(nowMs: number): void {
    const oldestMs = nowMs - this.#bounds.ttlMs
    while (this.count > 0 && this.#oldest.atMs <= oldestMs) this.#dropOldest()
  }

  /** All messages with numbers above `offset` and up to `last`; undefined: not all of them are there. */
  after(offset: number, last: number): readonly KeptMessage[] | undefined {
    if (offset > last) return undefined
    if (offset === last) return []
    if (this.count === 0 || this.#oldest.offset > offset + 1) return undefined
    return this.#kept.slice(this.#head + (offset + 1 - this.#oldest.offset)) as KeptMessage[]
  }

  /** The newest ones, oldest first. */
  newest(limit: number): readonly KeptMessage[] {
    return this.#kept.slice(Math.max(this.#head, this.#kept.length - limit)) as KeptMessage[]
  }

  get #oldest(): KeptMessage {
    return this.#kept[this.#head] as KeptMessage
  }

  #dropOldest(): void {
    this.#bytes -= payloadSize(this.#oldest.item.payload)
    this.#kept[this.#head++] = undefined
    // Not with each message: the list may be long.
    if (this.#head * 2 < this.#kept.length) return
    this.#kept = this.#kept.slice(this.#head)
    this.#head = 0
  }
}

/** Whether a message is for this session, which was known by `former` before, if at all. */
export function isFor(audience: Audience | undefined, session: string, former?: string): boolean {
  if (audience === undefined) return true
  const { to, except } = audience
  if (to !== undefined && !to.has(session)) return false
  return except === undefined || !(except.has(session) || (former !== undefined && except.has(former)))
}
