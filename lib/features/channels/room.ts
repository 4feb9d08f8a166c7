// One room of a channel: its subscribers, the numbers of its messages, and its history.

import type { Part } from '../../core/accounting/holders.ts'
import { nextTick } from '../../core/base/platform-timers.ts'
import type { Encoded } from '../../core/wire/bytes/encoded.ts'
import { payloadSize } from '../../core/wire/bytes/payload.ts'
import { type Audience, isFor } from './audience.ts'
import type { Since } from './channel-actions.ts'
import { History, type HistoryBounds, type KeptMessage } from './history.ts'
import type { Reader } from './reader.ts'
import { RoomHoldings, type RoomHoldingsOptions } from './room-holdings.ts'

/**
 * A message to at least this many readers is written as it is handed over, one reader after the other, so that the first
 * have it while it is prepared for the last. Not when several come in one turn: then all of a link leave in one write.
 */
const leastForFlush = 16

/** Where a new subscription begins, and the messages that it gets first. */
export interface Start {
  readonly offset: number
  readonly recovered: boolean
  readonly missed: readonly Encoded[]
}

export class Room {
  readonly key: string
  /** Identifies this room's lifetime: a room that is forgotten and made again has another epoch, and numbers from 1. */
  readonly epoch: string
  readonly holdings: RoomHoldings
  readonly #history: History | undefined
  readonly #watchers = new Set<Reader>()
  /** When the last message was published that a subscriber may come back for. */
  lastUsedMs = 0
  readonly #readers = new Set<Reader>()
  readonly #readersOf = new Map<string, Set<Reader>>()
  /** Of both: the readers whose clients have a link. */
  #hereCount = 0
  #offset = 0
  /** Messages for many in this turn of the event loop, and in the last one that had any. */
  #inTurn = 0
  #lastInTurn = 0

  constructor(
    key: string,
    epoch: string,
    bounds: HistoryBounds | undefined,
    holdings: Omit<RoomHoldingsOptions, 'onForget'>,
  ) {
    this.key = key
    this.epoch = epoch
    this.#history = bounds === undefined ? undefined : new History(bounds)
    this.holdings = new RoomHoldings({ ...holdings, onForget: () => this.#forgetKept() })
  }

  /** The number of the last message; 0: there was none. */
  get offset(): number {
    return this.#offset
  }

  get readerCount(): number {
    return this.#readers.size
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0 && this.#watchers.size === 0
  }

  get readers(): Iterable<Reader> {
    return this.#readers
  }

  /** The presence watches. */
  get watchers(): ReadonlySet<Reader> {
    return this.#watchers
  }

  add(reader: Reader): void {
    this.#readers.add(reader)
    this.see(reader)
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
    this.#note(reader, false)
  }

  addWatcher(reader: Reader): void {
    this.#watchers.add(reader)
    this.see(reader)
  }

  removeWatcher(reader: Reader): void {
    this.#watchers.delete(reader)
    this.#note(reader, false)
  }

  /** Checks whether a reader's client has a link: without one it does not count as a user of the room. */
  see(reader: Reader): void {
    this.#note(reader, reader.session.isConnected)
  }

  /** Updates in the accounting whether the room is in use, and the time of its last use. */
  touch(): void {
    this.holdings.use(this.#hereCount > 0)
  }

  /** The newest messages of the history, oldest first. */
  kept(limit: number, nowMs: number): readonly KeptMessage[] {
    this.prune(nowMs)
    return this.#history?.newest(limit) ?? []
  }

  /** Drops messages that are too old. */
  prune(nowMs: number): void {
    this.#history?.prune(nowMs)
    this.#count()
  }

  /** `item` is `[offset + 1, message]`. */
  publish(item: Encoded, audience: Audience | undefined, nowMs: number, by: Part): void {
    this.#offset++
    if (this.#history !== undefined) {
      this.#history.add({ offset: this.#offset, atMs: nowMs, item, audience })
      this.#count()
      this.holdings.published(by, payloadSize(item.payload))
    }
    if (audience?.to === undefined) {
      const goesNow = this.#readers.size >= leastForFlush && this.#isAlone()
      for (const reader of this.#readers) {
        if (!isFor(audience, reader.session.id)) continue
        if (goesNow) reader.deliverNow(item)
        else reader.deliver(item)
      }
      return
    }
    for (const id of audience.to) {
      if (!isFor(audience, id)) continue
      for (const reader of this.#readersOf.get(id) ?? []) reader.deliver(item)
    }
  }

  /** What a subscriber that was here until `since` has missed; all of it, or nothing. */
  startFor(since: Since | undefined, session: string, nowMs: number): Start {
    const offset = this.#offset
    this.prune(nowMs)
    if (since === undefined) return { offset, recovered: true, missed: [] }
    if (since === 'oldest') {
      const kept = this.#history?.newest(Number.POSITIVE_INFINITY) ?? []
      const missed = kept.filter(({ audience }) => isFor(audience, session)).map(({ item }) => item)
      return { offset: (kept[0]?.offset ?? offset + 1) - 1, recovered: true, missed }
    }
    const lost: Start = { offset, recovered: false, missed: [] }
    if (since.epoch !== this.epoch) return lost
    const kept = this.#history?.after(since.offset, offset) ?? (since.offset === offset ? [] : undefined)
    if (kept === undefined) return lost
    const { session: former } = since
    // Messages for the former session alone cannot be given to this one: that it was that session is only its claim.
    const isMissing = former !== undefined && kept.some(({ audience }) => isOnlyFor(audience, former, session))
    if (isMissing) return lost
    const missed = kept.filter(({ audience }) => isFor(audience, session, former)).map(({ item }) => item)
    return { offset: since.offset, recovered: true, missed }
  }

  /** This message is likely to be the only one of its turn: it is the first, and the last turn with messages had one. */
  #isAlone(): boolean {
    if (this.#inTurn++ > 0) return false
    const wasAlone = this.#lastInTurn <= 1
    nextTick(this.#turnEnds)
    return wasAlone
  }

  readonly #turnEnds = (): void => {
    this.#lastInTurn = this.#inTurn
    this.#inTurn = 0
  }

  #forgetKept(): void {
    this.#history?.clear()
    this.#count()
  }

  #count(): void {
    if (this.#history !== undefined) this.holdings.keep(this.#history.heldBytes)
  }

  #note(reader: Reader, isHere: boolean): void {
    if (reader.isHere !== isHere) this.#hereCount += isHere ? 1 : -1
    reader.isHere = isHere
    this.touch()
  }
}

function isOnlyFor(audience: Audience | undefined, former: string, session: string): boolean {
  return audience?.to !== undefined && isFor(audience, former) && !audience.to.has(session)
}
