// The history of one room: the latest messages, oldest first and without gaps, bounded by number, age and bytes.
import { placeBytes } from '../../core/accounting/held.ts'
import type { Encoded } from '../../core/wire/bytes/encoded.ts'
import { payloadSize } from '../../core/wire/bytes/payload.ts'
import type { Audience } from './audience.ts'

/** A message of the history. */
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

/** The approximate memory of a session id in a set. */
const idBytes = 64

export class History {
  readonly #bounds: HistoryBounds
  /** Entries before `#head` were dropped. */
  #kept: (KeptMessage | undefined)[] = []
  #head = 0
  #bytes = 0
  /** The number of session ids in all audiences. */
  #idCount = 0

  constructor(bounds: HistoryBounds) {
    this.#bounds = bounds
  }

  get count(): number {
    return this.#kept.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The approximate memory of the history. */
  get heldBytes(): number {
    return this.#bytes + this.count * placeBytes.message + this.#idCount * idBytes
  }

  add(message: KeptMessage): void {
    const { size, maxBytes } = this.#bounds
    this.#kept.push(message)
    this.#bytes += payloadSize(message.item.payload)
    this.#idCount += idsIn(message)
    this.prune(message.atMs)
    while (this.count > size || this.#bytes > maxBytes) this.#dropOldest()
  }

  /** Drops all messages. */
  clear(): void {
    this.#kept = []
    this.#head = this.#bytes = this.#idCount = 0
  }

  /** Drops expired messages. */
  prune(nowMs: number): void {
    const oldestMs = nowMs - this.#bounds.ttlMs
    while (this.count > 0 && this.#oldest.atMs <= oldestMs) this.#dropOldest()
  }

  /** All messages after number `offset` up to `last`, or undefined if some are missing. */
  after(offset: number, last: number): readonly KeptMessage[] | undefined {
    if (offset > last) return undefined
    if (offset === last) return []
    if (this.count === 0 || this.#oldest.offset > offset + 1) return undefined
    return this.#kept.slice(this.#head + (offset + 1 - this.#oldest.offset)) as KeptMessage[]
  }

  /** The newest `limit` messages, oldest first. */
  newest(limit: number): readonly KeptMessage[] {
    return this.#kept.slice(Math.max(this.#head, this.#kept.length - limit)) as KeptMessage[]
  }

  get #oldest(): KeptMessage {
    return this.#kept[this.#head] as KeptMessage
  }

  #dropOldest(): void {
    this.#bytes -= payloadSize(this.#oldest.item.payload)
    this.#idCount -= idsIn(this.#oldest)
    this.#kept[this.#head++] = undefined
    // Compacted only now and then: the list may be long.
    if (this.#head * 2 < this.#kept.length) return
    this.#kept = this.#kept.slice(this.#head)
    this.#head = 0
  }
}

function idsIn({ audience }: KeptMessage): number {
  return audience === undefined ? 0 : (audience.to?.size ?? 0) + (audience.except?.size ?? 0)
}
