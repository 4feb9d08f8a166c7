// One reader of messages that go to many. Whoever publishes never waits: a reader that does not keep up has a queue
// of its own, and when that is full, loses messages or is let go, as its owner chose.
import type { Meter } from '../accounting/meter.ts'
import { BusyError } from '../base/errors.ts'
import type { Encoded } from '../wire/bytes/encoded.ts'
import { payloadSize } from '../wire/bytes/payload.ts'

/** What a full queue costs: the reader itself, or the oldest or newest of its messages. */
export type Overflow = 'drop-reader' | 'drop-oldest' | 'drop-newest'

export interface OutletOptions {
  /** Sends one message. A promise: wait for it before the next. Throws or rejects when the reader is gone. */
  readonly send: (message: Encoded) => Promise<void> | undefined
  /** Messages that may wait. */
  readonly maxQueued: number
  /** Bytes of them. One message alone may be larger. */
  readonly maxQueuedBytes: number
  readonly overflow: Overflow
  /** What the reader is of, for the error that it gets: `channel "News"`. */
  readonly label: string
  /** Counts the bytes that wait, for the reader. */
  readonly held?: Meter | undefined
}

/** What a message in a queue costs beside its bytes, which are everybody's who waits for them. */
export const slotBytes = 16

export class Outlet {
  /** Settles when the reader is let go: rejects with why, or resolves after `end()`. */
  readonly done: Promise<void>
  readonly #options: OutletOptions
  #queue: Encoded[] = []
  #head = 0
  #queuedBytes = 0
  #lostCount = 0
  #isWaiting = false
  #isFinishing = false
  #isOver = false
  #settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => undefined, reject: () => undefined }

  constructor(options: OutletOptions) {
    this.#options = options
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // Whoever has let go of the reader does not ask why it ended.
    this.done.catch(() => undefined)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Messages that wait. */
  get queuedCount(): number {
    return this.#queue.length - this.#head
  }

  /** Messages that the reader lost to a full queue. */
  get lostCount(): number {
    return this.#lostCount
  }

  /** Sends it, or queues it. Never throws. */
  push(message: Encoded): void {
    if (this.#isOver || this.#isFinishing) return
    if (this.#isWaiting) this.#enqueue(message)
    else this.#send(message)
  }

  /** Takes no more messages, and lets the reader go when it has got those that wait. */
  finish(): void {
    if (this.#isOver) return
    this.#isFinishing = true
    if (!this.#isWaiting) this.end()
  }

  /** Lets the reader go at once: with an error, or because it has enough. What waits for it is dropped. */
  end(error?: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.held?.change(-(this.#queuedBytes + this.queuedCount * slotBytes))
    this.#queue = []
    this.#head = 0
    this.#queuedBytes = 0
    if (error === undefined) this.#settle.resolve()
    else this.#settle.reject(error)
  }

  #send(message: Encoded): void {
    try {
      const taken = this.#options.send(message)
      if (taken === undefined) return
      this.#isWaiting = true
      taken.then(this.#goOn, (error) => this.end(error))
    } catch (error) {
      this.end(error)
    }
  }

  readonly #goOn = (): void => {
    this.#isWaiting = false
    while (!this.#isWaiting && this.#head < this.#queue.length) this.#send(this.#takeOldest())
    if (this.queuedCount > 0) return
    if (this.#isFinishing && !this.#isWaiting) this.end()
  }

  #enqueue(message: Encoded): void {
    const { maxQueued, maxQueuedBytes, overflow, label } = this.#options
    const size = payloadSize(message.payload)
    const isFull = (): boolean =>
      this.queuedCount >= maxQueued || (this.queuedCount > 0 && this.#queuedBytes + size > maxQueuedBytes)
    if (isFull()) {
      if (overflow === 'drop-reader') {
        const kept = `${this.queuedCount} messages waited`
        return this.end(new BusyError(`${label}: its reader does not keep up, ${kept}`, { notStarted: false }))
      }
      this.#lostCount++
      if (overflow === 'drop-newest') return
      while (isFull() && this.queuedCount > 0) this.#takeOldest()
    }
    this.#queue.push(message)
    this.#queuedBytes += size
    this.#options.held?.change(size + slotBytes)
  }

  #takeOldest(): Encoded {
    const message = this.#queue[this.#head] as Encoded
    this.#head++
    const size = payloadSize(message.payload)
    this.#queuedBytes -= size
    this.#options.held?.change(-size - slotBytes)
    // Not with each message: the queue may be long.
    if (this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return message
  }
}
