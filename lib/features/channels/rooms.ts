// The rooms of one channel, by key. Removes an empty room once its history has expired, or when another room needs its
// place.
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
  /** The channel in messages, such as `channel "News"`. */
  readonly label: string
  /** Whether any session is present in the room, or disconnected for less than the grace period. */
  readonly isInUse: (room: Room) => boolean
  /** Called when a room was removed because others need its place. */
  readonly onEvicted: (room: Room) => void
}

/** The number of sweeps per `ttlMs`, at most: each visits all rooms. */
const sweepsPerTtl = 8

export class Rooms {
  readonly #options: RoomsOptions
  readonly #rooms = new Map<string, Room>()
  readonly #places: FairPlaces
  readonly #sweeps: DeadlineSweep
  /** Starts every epoch, so that no two rooms ever share one, even after a restart. */
  readonly #epochPrefix = crypto.randomUUID()
  #createdCount = 0

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
   * Returns the room with this key, and creates it if needed. Beyond `maxRooms`, a new room replaces another one, as FairPlaces
   * decides. The room without a key always has a place, and belongs to the server.
   *
   * @throws BusyError if no place can be freed.
   */
  getOrCreate(key: string, creator: Part): Room {
    const known = this.#rooms.get(key)
    if (known !== undefined) return known
    const { accounting, maxRooms, history, label } = this.#options
    const room = new Room(key, `${this.#epochPrefix}.${this.#createdCount++}`, history, {
      accounting,
      ...(key === '' ? { places: undefined, creator: accounting.server } : { places: this.#places, creator }),
      onEnd: () => this.#evict(room),
    })
    if (!room.holdings.takePlace()) {
      const message = `${label} already has ${maxRooms} rooms; raise its option maxRooms`
      throw new BusyError(message, { notStarted: false })
    }
    this.#rooms.set(key, room)
    return room
  }

  /** Called when a reader has left the room, or a message was published in it. */
  used(room: Room): void {
    if (this.#rooms.get(room.key) !== room) return
    const { clock, history } = this.#options
    room.lastUsedMs = clock.now()
    room.touch()
    if (history !== undefined) this.#sweeps.watch(room.lastUsedMs + history.ttlMs)
    else this.#removeIfUnused(room, room.lastUsedMs)
  }

  close(): void {
    this.#sweeps.close()
    for (const room of this.#rooms.values()) room.holdings.close()
    this.#rooms.clear()
    this.#options.accounting.forget(this.#places)
  }

  /** The next room with this key has another epoch, so returning subscribers learn that messages may be missing. */
  #evict(room: Room): void {
    if (this.#remove(room)) this.#options.onEvicted(room)
  }

  #remove(room: Room): boolean {
    room.holdings.close()
    return this.#rooms.get(room.key) === room && this.#rooms.delete(room.key)
  }

  readonly #sweep = (nowMs: number): number => {
    const { ttlMs } = this.#options.history as HistoryBounds // sweeps are only scheduled with a history
    let earliest = Number.POSITIVE_INFINITY
    for (const room of this.#rooms.values()) {
      room.prune(nowMs)
      if (this.#removeIfUnused(room, nowMs)) continue
      if (room.lastUsedMs + ttlMs > nowMs) earliest = Math.min(earliest, room.lastUsedMs + ttlMs)
    }
    return Math.max(earliest, nowMs + ttlMs / sweepsPerTtl)
  }

  #removeIfUnused(room: Room, nowMs: number): boolean {
    const { history, isInUse } = this.#options
    if (room.key === '' || !room.isEmpty || isInUse(room)) return false
    if (history !== undefined && room.lastUsedMs + history.ttlMs > nowMs) return false
    return this.#remove(room)
  }
}
