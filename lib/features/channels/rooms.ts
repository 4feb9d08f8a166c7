// The rooms of one channel, by key. An empty room is forgotten when nobody can come back for its history, or when another
// room needs its place.
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import type { Part } from '../../core/accounting/holders.ts'
import type { Clock } from '../../core/base/clock.ts'
import { DeadlineSweep } from '../../core/base/deadline-sweep.ts'
import { BusyError } from '../../core/base/errors.ts'
import type { HistoryBounds } from './history.ts'
import { Room } from './room.ts'

export interface RoomsOptions {
  readonly clock: Clock
  readonly accounting: Accounting
  readonly name: string
  readonly maxRooms: number
  readonly history: HistoryBounds | undefined
  /** As in `channel "News"`. */
  readonly label: string
  /** Somebody is present there, or is away within the grace. */
  readonly isInUse: (room: Room) => boolean
  /** The room was shed while it was in use, because others need its place. */
  readonly onTaken: (room: Room) => void
}

/** A sweep looks at all rooms: at most this many times within the `ttlMs` of a message. */
const sweepsPerTtl = 8

export class Rooms {
  readonly #options: RoomsOptions
  readonly #rooms = new Map<string, Room>()
  readonly #places: FairPlaces
  readonly #sweeps: DeadlineSweep
  /** No two rooms that were ever made have the same epoch. */
  readonly #origin = crypto.randomUUID()
  #made = 0

  constructor(options: RoomsOptions) {
    const { clock, accounting, name, maxRooms } = options
    this.#options = options
    this.#places = accounting.places(`rooms of ${name}`, maxRooms)
    this.#sweeps = new DeadlineSweep(clock, this.#sweep)
  }

  get count(): number {
    return this.#rooms.size
  }

  all(): Room[] {
    return [...this.#rooms.values()]
  }

  find(key: string): Room | undefined {
    return this.#rooms.get(key)
  }

  /**
   * The room, created if needed, in the place of another one when there are too many: see FairPlaces. Throws BusyError when
   * no place can be freed. The room without a key always fits, and belongs to the server.
   */
  obtain(key: string, maker: Part): Room {
    const known = this.#rooms.get(key)
    if (known !== undefined) return known
    const { accounting, maxRooms, history, label } = this.#options
    const room = new Room(key, `${this.#origin}.${this.#made++}`, history, {
      accounting,
      ...(key === '' ? { places: undefined, maker: accounting.server } : { places: this.#places, maker }),
      onEnd: () => this.#take(room),
    })
    if (!room.holdings.takePlace()) {
      const message = `${label} has ${maxRooms} rooms and can take no more; raise its option maxRooms`
      throw new BusyError(message, { notStarted: false })
    }
    this.#rooms.set(key, room)
    return room
  }

  /** Called when a reader left it, or a message was published in it. */
  used(room: Room): void {
    if (this.#rooms.get(room.key) !== room) return
    const { clock, history } = this.#options
    room.lastUsedMs = clock.now()
    room.touch()
    if (history !== undefined) this.#sweeps.watch(room.lastUsedMs + history.ttlMs)
    else this.#forgetIfSpent(room, room.lastUsedMs)
  }

  close(): void {
    this.#sweeps.close()
    for (const room of this.#rooms.values()) room.holdings.close()
    this.#rooms.clear()
    this.#options.accounting.forget(this.#places)
  }

  /** A subscriber that returns learns that messages may be missing: the next room of this key has another epoch. */
  #take(room: Room): void {
    if (this.#forget(room)) this.#options.onTaken(room)
  }

  #forget(room: Room): boolean {
    room.holdings.close()
    return this.#rooms.get(room.key) === room && this.#rooms.delete(room.key)
  }

  readonly #sweep = (nowMs: number): number => {
    const { ttlMs } = this.#options.history as HistoryBounds // else no sweep was ever asked for
    let earliest = Number.POSITIVE_INFINITY
    for (const room of this.#rooms.values()) {
      room.prune(nowMs)
      if (this.#forgetIfSpent(room, nowMs)) continue
      if (room.lastUsedMs + ttlMs > nowMs) earliest = Math.min(earliest, room.lastUsedMs + ttlMs)
    }
    return Math.max(earliest, nowMs + ttlMs / sweepsPerTtl)
  }

  #forgetIfSpent(room: Room, nowMs: number): boolean {
    const { history, isInUse } = this.#options
    if (room.key === '' || !room.isEmpty || isInUse(room)) return false
    if (history !== undefined && room.lastUsedMs + history.ttlMs > nowMs) return false
    return this.#forget(room)
  }
}
