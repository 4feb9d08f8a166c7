// Events that wait for somebody who takes them one by one: bounded in number and in the bytes that they came in.
import type { DaemonEvent } from './daemon-event.ts'

export interface EventQueueBounds {
  readonly maxQueuedEvents: number
  /** A single event may be larger. */
  readonly maxQueuedBytes: number
}

export class EventQueue {
  readonly #bounds: EventQueueBounds
  readonly #entries: { readonly event: DaemonEvent; readonly bytes: number }[] = []
  #bytes = 0

  constructor(bounds: EventQueueBounds) {
    this.#bounds = bounds
  }

  get length(): number {
    return this.#entries.length
  }

  /** False, and nothing done, where there is no room. */
  push(event: DaemonEvent, bytes: number): boolean {
    const { maxQueuedEvents, maxQueuedBytes } = this.#bounds
    const hasRoom = this.length < maxQueuedEvents && (this.length === 0 || this.#bytes + bytes <= maxQueuedBytes)
    if (!hasRoom) return false
    this.#entries.push({ event, bytes })
    this.#bytes += bytes
    return true
  }

  shift(): DaemonEvent | undefined {
    const entry = this.#entries.shift()
    this.#bytes -= entry?.bytes ?? 0
    return entry?.event
  }

  clear(): void {
    this.#entries.length = 0
    this.#bytes = 0
  }
}
