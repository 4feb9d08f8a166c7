// One room of a channel: its subscribers, the numbers of its messages, and what is kept of them.
import type { Encoded } from '../wire/encoded.ts'
import type { Since } from './channel-actions.ts'
import { type Audience, History, type HistoryBounds, isFor } from './history.ts'
import type { Reader } from './reader.ts'

/** Where a new subscription begins, and what it is given first. */
export interface Start {
  readonly offset: number
  readonly recovered: boolean
  readonly missed: readonly Encoded[]
}

export class Room {
  readonly key: string
  /** Of this room's life: one that is forgotten and made again counts anew, and says so. */
  readonly epoch: string
  readonly history: History | undefined
  /** Who hears of those that come and go. */
  readonly watchers = new Set<Reader>()
  /** When something last happened here that somebody may come back for. */
  lastUsedMs = 0
  readonly #readers = new Set<Reader>()
  readonly #readersOf = new Map<string, Set<Reader>>()
  #offset = 0

  constructor(key: string, epoch: string, bounds: HistoryBounds | undefined) {
    this.key = key
    this.epoch = epoch
    this.history = bounds === undefined ? undefined : new History(bounds)
  }

  /** The number of the last message; 0: there was none. */
  get offset(): number {
    return this.#offset
  }

  get readerCount(): number {
    return this.#readers.size
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0 && this.watchers.size === 0
  }

  get readers(): Iterable<Reader> {
    return this.#readers
  }

  add(reader: Reader): void {
    this.#readers.add(reader)
    const { id } = reader.session
    const own = this.#readersOf.get(id)
    if (own === undefined) this.#readersOf.set(id, new Set([reader]))
    else own.add(reader)
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader)
    const { id } = reader.session
    const own = this.#readersOf.get(id)
    own?.delete(reader)
    if (own?.size === 0) this.#readersOf.delete(id)
  }

  /** `item` is `[offset + 1, message]`. */
  publish(item: Encoded, audience: Audience | undefined, nowMs: number): void {
    this.#offset++
    this.history?.add({ offset: this.#offset, atMs: nowMs, item, audience })
    if (audience?.to === undefined) {
      for (const reader of this.#readers) if (isFor(audience, reader.session.id)) reader.deliver(item)
      return
    }
    for (const id of audience.to) {
      if (!isFor(audience, id)) continue
      for (const reader of this.#readersOf.get(id) ?? []) reader.deliver(item)
    }
  }

  /** What somebody who was here until `since` has missed; all of it, or nothing. */
  startFor(since: Since | undefined, session: string, nowMs: number): Start {
    const offset = this.#offset
    this.history?.prune(nowMs)
    if (since === undefined) return { offset, recovered: true, missed: [] }
    if (since === 'oldest') {
      const kept = this.history?.newest(Number.POSITIVE_INFINITY) ?? []
      const missed = kept.filter(({ audience }) => isFor(audience, session)).map(({ item }) => item)
      return { offset: (kept[0]?.offset ?? offset + 1) - 1, recovered: true, missed }
    }
    const lost: Start = { offset, recovered: false, missed: [] }
    if (since.epoch !== this.epoch) return lost
    const kept = this.history?.after(since.offset, offset) ?? (since.offset === offset ? [] : undefined)
    if (kept === undefined) return lost
    const { session: former } = since
    // What was for the former session alone cannot be given to this one: whoever it is only says that it was that.
    const isMissing = former !== undefined && kept.some(({ audience }) => isOnlyFor(audience, former, session))
    if (isMissing) return lost
    const missed = kept.filter(({ audience }) => isFor(audience, session, former)).map(({ item }) => item)
    return { offset: since.offset, recovered: true, missed }
  }
}

function isOnlyFor(audience: Audience | undefined, former: string, session: string): boolean {
  return audience?.to !== undefined && isFor(audience, former) && !audience.to.has(session)
}
