// One room of a channel: its subscribers, message numbers and history.

import type { Part } from '../../core/accounting/holders.ts'
import { nextTick } from '../../core/base/platform-timers.ts'
import type { Encoded } from '../../core/wire/bytes/encoded.ts'
import { payloadSize } from '../../core/wire/bytes/payload.ts'
import { type Audience, isFor, isOnlyFor } from './audience.ts'
import type { Since } from './channel-actions.ts'
import { History, type HistoryBounds, type KeptMessage } from './history.ts'
import type { Reader } from './reader.ts'
import { RoomHoldings, type RoomHoldingsOptions } from './room-holdings.ts'

/**
 * A message to at least this number of readers is written immediately, one reader after the other, so that the first ones get
 * it while it is prepared for the last. If several are published in one turn, those for one link are written together.
 */
const minReadersForFlush = 16

/** Where a new subscription starts, and the messages that it gets first. */
export interface Start {
  readonly offset: number
  readonly recovered: boolean
  readonly missed: readonly Encoded[]
}

export class Room {
  readonly key: string
  /** Identifies the lifetime of this room: a room that is removed and created again has another epoch, and starts at 1. */
  readonly epoch: string
  readonly holdings: RoomHoldings
  readonly #history: History | undefined
  readonly #watchers = new Set<Reader>()
  /** When the last message was published, or the last reader left. */
  lastUsedMs = 0
  readonly #readers = new Set<Reader>()
  readonly #readersOf = new Map<string, Set<Reader>>()
  /** The number of readers and watchers whose clients are connected. */
  #connectedCount = 0
  #offset = 0
  /** Messages to all readers in this turn of the event loop, and in the last turn that had any. */
  #countThisTurn = 0
  #countLastTurn = 0

  constructor(
    key: string,
    epoch: string,
    bounds: HistoryBounds | undefined,
    holdings: Omit<RoomHoldingsOptions, 'onForget'>,
  ) {
    this.key = key
    this.epoch = epoch
    this.#history = bounds === undefined ? undefined : new History(bounds)
    this.holdings = new RoomHoldings({ ...holdings, onForget: () => this.#dropHistory() })
  }

  /** The number of the last message; 0 if there was none. */
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

  /** The readers that watch the room's presence. */
  get watchers(): ReadonlySet<Reader> {
    return this.#watchers
  }

  add(reader: Reader): void {
    this.#readers.add(reader)
    this.updateConnection(reader)
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
    this.#setConnected(reader, false)
  }

  addWatcher(reader: Reader): void {
    this.#watchers.add(reader)
    this.updateConnection(reader)
  }

  removeWatcher(reader: Reader): void {
    this.#watchers.delete(reader)
    this.#setConnected(reader, false)
  }

  /** Called when a reader's client has connected or disconnected: a room is in use while any of them is connected. */
  updateConnection(reader: Reader): void {
    this.#setConnected(reader, reader.session.isConnected)
  }

  /** Tells the accounting whether the room is in use, and that it was used now. */
  touch(): void {
    this.holdings.setInUse(this.#connectedCount > 0)
  }

  /** The newest `limit` messages of the history, oldest first. */
  kept(limit: number, nowMs: number): readonly KeptMessage[] {
    this.prune(nowMs)
    return this.#history?.newest(limit) ?? []
  }

  /** Drops expired messages. */
  prune(nowMs: number): void {
    this.#history?.prune(nowMs)
    this.#count()
  }

  /** Delivers a message and adds it to the history. `item` is `[offset + 1, message]`, encoded. */
  publish(item: Encoded, audience: Audience | undefined, nowMs: number, by: Part): void {
    this.#offset++
    if (this.#history !== undefined) {
      this.#history.add({ offset: this.#offset, atMs: nowMs, item, audience })
      this.#count()
      this.holdings.countPublished(by, payloadSize(item.payload))
    }
    this.deliver(item, audience)
  }

  /** Delivers a message of a log, which numbers and keeps it. */
  deliver(item: Encoded, audience: Audience | undefined): void {
    if (audience?.to === undefined) {
      const isWrittenNow = this.#readers.size >= minReadersForFlush && this.#isProbablyAlone()
      for (const reader of this.#readers) {
        if (!isFor(audience, reader.session.id)) continue
        if (isWrittenNow) reader.deliverNow(item)
        else reader.deliver(item)
      }
      return
    }
    for (const id of audience.to) {
      if (!isFor(audience, id)) continue
      for (const reader of this.#readersOf.get(id) ?? []) reader.deliver(item)
    }
  }

  /** Where a subscriber that left at `since` continues: with all messages that it missed, or with none of them. */
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
    // Messages for the former session alone must not reach this one, because a client may claim any former session.
    const isMissing = former !== undefined && kept.some(({ audience }) => isOnlyFor(audience, former, session))
    if (isMissing) return lost
    const missed = kept.filter(({ audience }) => isFor(audience, session, former)).map(({ item }) => item)
    return { offset: since.offset, recovered: true, missed }
  }

  /** Whether this message is probably the only one of its turn: it is the first, and the last turn with messages had one. */
  #isProbablyAlone(): boolean {
    if (this.#countThisTurn++ > 0) return false
    const wasAlone = this.#countLastTurn <= 1
    nextTick(this.#turnEnds)
    return wasAlone
  }

  readonly #turnEnds = (): void => {
    this.#countLastTurn = this.#countThisTurn
    this.#countThisTurn = 0
  }

  #dropHistory(): void {
    this.#history?.clear()
    this.#count()
  }

  #count(): void {
    if (this.#history !== undefined) this.holdings.setHistoryBytes(this.#history.heldBytes)
  }

  #setConnected(reader: Reader, isConnected: boolean): void {
    if (reader.countsAsConnected !== isConnected) this.#connectedCount += isConnected ? 1 : -1
    reader.countsAsConnected = isConnected
    this.touch()
  }
}
