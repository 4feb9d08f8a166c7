// The rooms of one channel, by key. One that nobody is in is forgotten when nobody can come back for what it keeps.
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { BusyError } from '../base/errors.ts'
import type { HistoryBounds } from './history.ts'
import { Room } from './room.ts'

export interface RoomsOptions {
  readonly clock: Clock
  readonly maxRooms: number
  readonly history: HistoryBounds | undefined
  /** As in `channel "News"`. */
  readonly label: string
  /** Somebody is present there, be it that they are away for a moment. */
  readonly isInUse: (room: Room) => boolean
}

/** A sweep looks at all rooms: not more often than so many times within the time that a message is kept. */
const sweepsPerTtl = 8

export class Rooms {
  readonly #options: RoomsOptions
  readonly #rooms = new Map<string, Room>()
  /** Kept, for somebody may come back, though nobody is there and nothing was ever said: the first to go, the oldest first. */
  readonly #idle = new Set<Room>()
  readonly #sweeps: DeadlineSweep
  /** No two rooms that were ever made have the same epoch. */
  readonly #origin = crypto.randomUUID()
  #made = 0

  constructor(options: RoomsOptions) {
    this.#options = options
    this.#sweeps = new DeadlineSweep(options.clock, this.#sweep)
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
   * The room, made if need be, in the place of an idle one where there are too many; throws BusyError where none is idle. The
   * room without a key always fits.
   */
  obtain(key: string): Room {
    const known = this.#rooms.get(key)
    if (known !== undefined) {
      this.#idle.delete(known)
      return known
    }
    const { maxRooms, history, label } = this.#options
    const keyed = this.#rooms.has('') ? this.#rooms.size - 1 : this.#rooms.size
    if (key !== '' && keyed >= maxRooms && !this.#evict()) {
      const message = `${label} has ${maxRooms} rooms and can take no more; raise its option maxRooms`
      throw new BusyError(message, { notStarted: false })
    }
    const room = new Room(key, `${this.#origin}.${this.#made++}`, history)
    this.#rooms.set(key, room)
    return room
  }

  /** Somebody left it, or something was published in it. */
  used(room: Room): void {
    const { clock, history } = this.#options
    room.lastUsedMs = clock.now()
    if (room.key !== '' && room.offset === 0 && room.isEmpty) this.#idle.add(room)
    if (history !== undefined) this.#sweeps.watch(room.lastUsedMs + history.ttlMs)
    else this.#forgetIfSpent(room, room.lastUsedMs)
  }

  close(): void {
    this.#sweeps.close()
    this.#rooms.clear()
    this.#idle.clear()
  }

  /** Makes place. Whoever comes back to that room is told that it cannot be known what was missed. */
  #evict(): boolean {
    for (const room of this.#idle) {
      this.#idle.delete(room)
      if (!room.isEmpty || this.#options.isInUse(room) || !this.#rooms.delete(room.key)) continue
      return true
    }
    return false
  }

  readonly #sweep = (nowMs: number): number => {
    const { ttlMs } = this.#options.history as HistoryBounds // else no sweep was ever asked for
    let earliest = Number.POSITIVE_INFINITY
    for (const room of this.#rooms.values()) {
      room.history?.prune(nowMs)
      if (this.#forgetIfSpent(room, nowMs)) continue
      if (room.lastUsedMs + ttlMs > nowMs) earliest = Math.min(earliest, room.lastUsedMs + ttlMs)
    }
    return Math.max(earliest, nowMs + ttlMs / sweepsPerTtl)
  }

  #forgetIfSpent(room: Room, nowMs: number): boolean {
    const { history, isInUse } = this.#options
    if (room.key === '' || !room.isEmpty || isInUse(room)) return false
    if (history !== undefined && room.lastUsedMs + history.ttlMs > nowMs) return false
    this.#idle.delete(room)
    return this.#rooms.get(room.key) === room && this.#rooms.delete(room.key)
  }
}
