// The queue of one reader of messages that go to many. Publishing never waits: a slow reader has its own queue. When that is full, the
// reader loses messages or is dropped, as its owner chose.
import type { Meter } from '../accounting/meter.ts'
import { deferred } from '../base/deferred.ts'
import { BusyError } from '../base/errors.ts'
import type { Encoded } from '../wire/bytes/encoded.ts'
import { payloadSize } from '../wire/bytes/payload.ts'

/** What is dropped when the queue is full: the reader itself, or the oldest or newest of its messages. */
export type Overflow = 'drop-reader' | 'drop-oldest' | 'drop-newest'

export interface SubscriberQueueOptions {
  /** Sends one message. A returned promise must settle before the next is sent. Throws or rejects when the reader is gone. */
  readonly send: (message: Encoded) => Promise<void> | undefined
  /** The most messages that may wait. */
  readonly maxQueued: number
  /** The most bytes that may wait. A single message may be larger. */
  readonly maxQueuedBytes: number
  readonly overflow: Overflow
  /** What the reader reads, for its error: `channel "News"`. */
  readonly label: string
  /** Counts the waiting bytes, for the reader. */
  readonly held?: Meter | undefined
}

/** The cost of a queued message apart from its bytes, which all readers share. */
export const slotBytes = 16

export class SubscriberQueue {
  /** Settles when the reader is dropped: rejects with the reason, or resolves after `end()`. */
  readonly done: Promise<void>
  readonly #options: SubscriberQueueOptions
  #queue: Encoded[] = []
  #head = 0
  #queuedBytes = 0
  #lostCount = 0
  #isWaiting = false
  #isFinishing = false
  #isOver = false
  readonly #done = deferred<void>()

  constructor(options: SubscriberQueueOptions) {
    this.#options = options
    this.done = this.#done.promise
    // An owner that dropped the reader need not handle its rejection.
    this.done.catch(() => undefined)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Messages that are waiting. */
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

  /** Accepts no more messages, and ends after the waiting ones are sent. */
  finish(): void {
    if (this.#isOver) return
    this.#isFinishing = true
    if (!this.#isWaiting) this.end()
  }

  /** Drops the reader immediately, with an error or without one. Waiting messages are dropped. */
  end(error?: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.held?.change(-(this.#queuedBytes + this.queuedCount * slotBytes))
    this.#queue = []
    this.#head = 0
    this.#queuedBytes = 0
    if (error === undefined) this.#done.resolve()
    else this.#done.reject(error)
  }

  #send(message: Encoded): void {
    try {
      const taken = this.#options.send(message)
      if (taken === undefined) return
      this.#isWaiting = true
      taken.then(this.#continue, (error) => this.end(error))
    } catch (error) {
      this.end(error)
    }
  }

  readonly #continue = (): void => {
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
        const message = `${label}: the reader is too slow, ${this.queuedCount} messages were waiting`
        return this.end(new BusyError(message, { notStarted: false }))
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
    // Not after each message: the queue may be long.
    if (this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return message
  }
}
