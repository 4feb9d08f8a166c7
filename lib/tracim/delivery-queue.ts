// Delivers documents to sockets by path: in order for each path, in turns among all, so that a dead or slow path does not
// delay the others. Limits queues, connections and waits. Leaves registrations to others.
import type { Clock, Timer } from '../core/base/clock.ts'
import { queueMicrotask } from '../core/base/platform-timers.ts'
import { BadEvent } from './daemon-event.ts'
import { type DeliveryOutcome, deliver } from './delivery.ts'
import { checkPeerSocket } from './peer-path.ts'

const firstRetryMs = 5
const longestRetryMs = 250

export interface DeliveryQueueOptions {
  readonly clock: Clock
  /** This side's own socket, to which nothing is delivered. */
  readonly ownPath: string
  /** The time for one delivery, including connecting. */
  readonly deliveryTimeoutMs: number
  /** How long a path may have no room for another connection. */
  readonly busyTimeoutMs: number
  /** Concurrent connections. */
  readonly maxDeliveries: number
  /** The most documents queued for one path. */
  readonly maxQueued: number
  /** The most bytes queued for one path; a single document may be larger. */
  readonly maxQueuedBytes: number
  /** The most paths with queued documents. */
  readonly maxPaths: number
  /** Called when the path can no longer be reached. Its queue has been dropped. */
  onLost(path: string, reason: string): void
}

interface PathQueue {
  readonly path: string
  readonly documents: Buffer[]
  queuedBytes: number
  isUnderWay: boolean
  busySinceMs: number | undefined
  retryMs: number
  timer: Timer | undefined
}

export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions
  readonly #queues = new Map<string, PathQueue>()
  /** Paths with queued documents, in the order of their turns. */
  readonly #ready = new Set<PathQueue>()
  readonly #closing = new AbortController()
  #underWay = 0

  constructor(options: DeliveryQueueOptions) {
    this.#options = options
  }

  /** Queues a document. `onLost` is called when it cannot be delivered. */
  send(path: string, document: Buffer): void {
    if (this.#closing.signal.aborted) return
    const { maxPaths, maxQueued, maxQueuedBytes } = this.#options
    let queue = this.#queues.get(path)
    if (queue === undefined) {
      if (this.#queues.size >= maxPaths) return this.#reportSoon(path, `events wait for ${maxPaths} other paths`)
      queue = newPathQueue(path)
      this.#queues.set(path, queue)
    }
    if (queue.documents.length >= maxQueued) {
      this.forget(path)
      return this.#reportSoon(path, `${maxQueued} events are already queued for it`)
    }
    if (queue.documents.length > 0 && queue.queuedBytes + document.length > maxQueuedBytes) {
      this.forget(path)
      return this.#reportSoon(path, `${queue.queuedBytes} bytes are already queued for it`)
    }
    queue.documents.push(document)
    queue.queuedBytes += document.length
    if (queue.isUnderWay || queue.timer !== undefined) return
    this.#ready.add(queue)
    this.#pump()
  }

  /** Drops the queue of this path. */
  forget(path: string): void {
    const queue = this.#queues.get(path)
    if (queue === undefined) return
    queue.timer?.cancel()
    queue.documents.length = 0
    this.#ready.delete(queue)
    this.#queues.delete(path)
  }

  /** Drops everything. */
  close(): void {
    this.#closing.abort()
    for (const path of [...this.#queues.keys()]) this.forget(path)
  }

  #pump(): void {
    for (const queue of this.#ready) {
      if (this.#underWay >= this.#options.maxDeliveries) return
      this.#ready.delete(queue)
      void this.#attempt(queue)
    }
  }

  async #attempt(queue: PathQueue): Promise<void> {
    const { clock, deliveryTimeoutMs: timeoutMs } = this.#options
    const reason = this.#faultAt(queue.path)
    if (reason !== undefined) return this.#drop(queue, reason)
    queue.isUnderWay = true
    this.#underWay++
    const document = queue.documents[0] as Buffer
    const outcome = await deliver(queue.path, document, { clock, timeoutMs, signal: this.#closing.signal })
    this.#underWay--
    queue.isUnderWay = false
    // The path may have been forgotten meanwhile, and even added again.
    if (this.#queues.get(queue.path) === queue) this.#after(queue, outcome)
    this.#pump()
  }

  #after(queue: PathQueue, outcome: DeliveryOutcome): void {
    switch (outcome) {
      case 'delivered':
        queue.queuedBytes -= queue.documents.shift()?.length ?? 0
        queue.busySinceMs = undefined
        queue.retryMs = firstRetryMs
        if (queue.documents.length > 0) this.#ready.add(queue)
        else this.#queues.delete(queue.path)
        return
      case 'busy':
        return this.#waitForRoom(queue)
      case 'gone':
        return this.#drop(queue, 'nothing listens at its socket')
      case 'stuck':
        return this.#drop(queue, `it accepted no event within ${this.#options.deliveryTimeoutMs} ms`)
      case 'aborted':
        return
    }
  }

  #waitForRoom(queue: PathQueue): void {
    const { clock, busyTimeoutMs } = this.#options
    queue.busySinceMs ??= clock.now()
    if (clock.now() - queue.busySinceMs >= busyTimeoutMs) {
      return this.#drop(queue, `it accepted no connection within ${busyTimeoutMs} ms`)
    }
    queue.timer = clock.setTimer(() => {
      queue.timer = undefined
      this.#ready.add(queue)
      this.#pump()
    }, queue.retryMs)
    queue.retryMs = Math.min(longestRetryMs, queue.retryMs * 2)
  }

  /** Deferred: the caller may be sending to all paths, and may do so again when it learns of the loss. */
  #reportSoon(path: string, reason: string): void {
    queueMicrotask(() => this.#options.onLost(path, reason))
  }

  #drop(queue: PathQueue, reason: string): void {
    this.forget(queue.path)
    this.#options.onLost(queue.path, reason)
  }

  /** The file at a path may have changed since the path was registered. */
  #faultAt(path: string): string | undefined {
    try {
      return checkPeerSocket(path, this.#options.ownPath) === undefined ? 'its socket is gone' : undefined
    } catch (error) {
      return error instanceof BadEvent ? error.message : `its socket cannot be checked: ${(error as Error).message}`
    }
  }
}

function newPathQueue(path: string): PathQueue {
  return {
    path,
    documents: [],
    queuedBytes: 0,
    isUnderWay: false,
    busySinceMs: undefined,
    retryMs: firstRetryMs,
    timer: undefined,
  }
}
