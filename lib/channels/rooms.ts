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

  /** The room, made if need be. Throws BusyError where there are too many. The room without a key always fits. */
  obtain(key: string): Room {
    const known = this.#rooms.get(key)
    if (known !== undefined) return known
    const { maxRooms, history, label } = this.#options
    const keyed = this.#rooms.has('') ? this.#rooms.size - 1 : this.#rooms.size
    if (key !== '' && keyed >= maxRooms) {
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
    if (history !== undefined) this.#sweeps.watch(room.lastUsedMs + history.ttlMs)
    else this.#forgetIfSpent(room, room.lastUsedMs)
  }

  close(): void {
    this.#sweeps.close()
    this.#rooms.clear()
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
    return this.#rooms.get(room.key) === room && this.#rooms.delete(room.key)
  }
}
