// A queue of events that are taken one by one, limited in number and in received bytes.
import { Queue } from '../core/base/queue.ts'
import type { DaemonEvent } from './daemon-event.ts'

export interface EventQueueBounds {
  readonly maxQueuedEvents: number
  /** A single event may be larger. */
  readonly maxQueuedBytes: number
}

export class EventQueue {
  readonly #bounds: EventQueueBounds
  readonly #entries = new Queue<{ readonly event: DaemonEvent; readonly bytes: number }>()
  #bytes = 0

  constructor(bounds: EventQueueBounds) {
    this.#bounds = bounds
  }

  get length(): number {
    return this.#entries.length
  }

  /** Returns false, and does nothing, if there is no room. */
  push(event: DaemonEvent, bytes: number): boolean {
    const { maxQueuedEvents, maxQueuedBytes } = this.#bounds
    const hasRoom = this.length < maxQueuedEvents && (this.length === 0 || this.#bytes + bytes <= maxQueuedBytes)
    if (!hasRoom) return false
    this.#entries.add({ event, bytes })
    this.#bytes += bytes
    return true
  }

  shift(): DaemonEvent | undefined {
    const entry = this.#entries.take()
    this.#bytes -= entry?.bytes ?? 0
    return entry?.event
  }

  clear(): void {
    this.#entries.takeAll()
    this.#bytes = 0
  }
}
