// Async iteration over a client's events. Each reader has a limited queue of its own, and fails when it lags behind.
import { ClientError } from '../core/base/errors.ts'
import type { DaemonEvent } from './daemon-event.ts'
import { EventQueue, type EventQueueBounds } from './event-queue.ts'

export class EventReaders {
  readonly #bounds: EventQueueBounds
  readonly #readers = new Set<EventReader>()
  #isClosed = false

  constructor(bounds: EventQueueBounds) {
    this.#bounds = bounds
  }

  /** A reader that receives the events from now on. */
  open(): AsyncIterableIterator<DaemonEvent> {
    const reader = new EventReader(this.#bounds, () => this.#readers.delete(reader))
    if (this.#isClosed) reader.end()
    else this.#readers.add(reader)
    return reader
  }

  push(event: DaemonEvent, bytes: number): void {
    for (const reader of this.#readers) reader.push(event, bytes)
  }

  /** Readers end once they have taken the queued events. */
  close(): void {
    this.#isClosed = true
    for (const reader of this.#readers) reader.end()
  }
}

class EventReader implements AsyncIterableIterator<DaemonEvent> {
  readonly #queue: EventQueue
  readonly #onDone: () => void
  #waiting: (() => void)[] = []
  #error: Error | undefined
  #isOver = false

  constructor(bounds: EventQueueBounds, onDone: () => void) {
    this.#queue = new EventQueue(bounds)
    this.#onDone = onDone
  }

  push(event: DaemonEvent, bytes: number): void {
    if (this.#isOver) return
    if (!this.#queue.push(event, bytes)) {
      const message = `a reader of events fell ${this.#queue.length} behind and lost some; read faster, or raise maxQueuedEvents and maxQueuedBytes`
      this.#error = new ClientError(message, { code: 'ITEMS_DISCARDED' })
      this.end()
    }
    this.#wake()
  }

  end(): void {
    this.#isOver = true
    this.#onDone()
    this.#wake()
  }

  async next(): Promise<IteratorResult<DaemonEvent, undefined>> {
    while (this.#queue.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
    const value = this.#queue.shift()
    if (value !== undefined) return { done: false, value }
    const error = this.#error
    this.#error = undefined
    if (error !== undefined) throw error
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<DaemonEvent, undefined>> {
    this.#queue.clear()
    this.end()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
