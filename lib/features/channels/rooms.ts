// The rooms of one channel, by key. One that nobody is in is forgotten when nobody can come back for what it keeps, or when
// another one needs its place.
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
  /** Somebody is present there, be it that they are away for a moment. */
  readonly isInUse: (room: Room) => boolean
  /** It was taken from those who are in it, as others need what it takes. */
  readonly onTaken: (room: Room) => void
}

/** A sweep looks at all rooms: not more often than so many times within the time that a message is kept. */
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
   * The room, made if need be, in the place of another one where there are too many: see FairPlaces. Throws BusyError where none
   * can be spared. The room without a key always fits, and is the server's own.
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

  /** Somebody left it, or something was published in it. */
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

  /** Who comes back to it is told that it cannot be known what was missed: the next room of this key has another epoch. */
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
