// Delivers documents to sockets by path: in order for each, in turns among all, so that one that is dead or slow keeps
// up nobody. Queues, connections at once and every wait are bounded; who is registered is left to others.
import type { Clock, Timer } from '../core/base/clock.ts'
import { queueMicrotask } from '../core/base/platform-timers.ts'
import { BadEvent } from './daemon-event.ts'
import { type DeliveryOutcome, deliver } from './delivery.ts'
import { checkPeerSocket } from './peer-path.ts'

const firstRetryMs = 5
const longestRetryMs = 250

export interface PostOfficeOptions {
  readonly clock: Clock
  /** The socket of this side, to which nothing is delivered. */
  readonly ownPath: string
  /** For one delivery, connecting included. */
  readonly deliveryTimeoutMs: number
  /** How long a path may have no room for another connection. */
  readonly busyTimeoutMs: number
  /** Connections at once. */
  readonly maxDeliveries: number
  /** Documents that wait for one path. */
  readonly maxQueued: number
  /** Bytes that wait for one path; a single document may be larger. */
  readonly maxQueuedBytes: number
  /** Paths that documents wait for. */
  readonly maxPaths: number
  /** Nothing more can be delivered there, and what waited is gone. */
  onLost(path: string, reason: string): void
}

interface Mailbox {
  readonly path: string
  readonly queue: Buffer[]
  queuedBytes: number
  isUnderWay: boolean
  busySinceMs: number | undefined
  retryMs: number
  timer: Timer | undefined
}

export class PostOffice {
  readonly #options: PostOfficeOptions
  readonly #boxes = new Map<string, Mailbox>()
  /** Whose turn it is, first come first served. */
  readonly #ready = new Set<Mailbox>()
  readonly #closing = new AbortController()
  #underWay = 0

  constructor(options: PostOfficeOptions) {
    this.#options = options
  }

  /** Takes it for delivery; `onLost` says when that fails. */
  send(path: string, document: Buffer): void {
    if (this.#closing.signal.aborted) return
    const { maxPaths, maxQueued, maxQueuedBytes } = this.#options
    let box = this.#boxes.get(path)
    if (box === undefined) {
      if (this.#boxes.size >= maxPaths) return this.#tellSoon(path, `events wait for ${maxPaths} other paths already`)
      box = newMailbox(path)
      this.#boxes.set(path, box)
    }
    if (box.queue.length >= maxQueued) {
      this.forget(path)
      return this.#tellSoon(path, `${maxQueued} events wait for it already`)
    }
    if (box.queue.length > 0 && box.queuedBytes + document.length > maxQueuedBytes) {
      this.forget(path)
      return this.#tellSoon(path, `${box.queuedBytes} bytes wait for it already`)
    }
    box.queue.push(document)
    box.queuedBytes += document.length
    if (box.isUnderWay || box.timer !== undefined) return
    this.#ready.add(box)
    this.#pump()
  }

  /** Drops what waits for this path. */
  forget(path: string): void {
    const box = this.#boxes.get(path)
    if (box === undefined) return
    box.timer?.cancel()
    box.queue.length = 0
    this.#ready.delete(box)
    this.#boxes.delete(path)
  }

  /** Drops everything. */
  close(): void {
    this.#closing.abort()
    for (const path of [...this.#boxes.keys()]) this.forget(path)
  }

  #pump(): void {
    for (const box of this.#ready) {
      if (this.#underWay >= this.#options.maxDeliveries) return
      this.#ready.delete(box)
      void this.#attempt(box)
    }
  }

  async #attempt(box: Mailbox): Promise<void> {
    const { clock, deliveryTimeoutMs: timeoutMs } = this.#options
    const reason = this.#whyNot(box.path)
    if (reason !== undefined) return this.#lose(box, reason)
    box.isUnderWay = true
    this.#underWay++
    const document = box.queue[0] as Buffer
    const outcome = await deliver(box.path, document, { clock, timeoutMs, signal: this.#closing.signal })
    this.#underWay--
    box.isUnderWay = false
    // It may have been forgotten meanwhile, and even made anew.
    if (this.#boxes.get(box.path) === box) this.#after(box, outcome)
    this.#pump()
  }

  #after(box: Mailbox, outcome: DeliveryOutcome): void {
    switch (outcome) {
      case 'delivered':
        box.queuedBytes -= box.queue.shift()?.length ?? 0
        box.busySinceMs = undefined
        box.retryMs = firstRetryMs
        if (box.queue.length > 0) this.#ready.add(box)
        else this.#boxes.delete(box.path)
        return
      case 'busy':
        return this.#waitForRoom(box)
      case 'gone':
        return this.#lose(box, 'nobody listens at its socket')
      case 'stuck':
        return this.#lose(box, `it took no event within ${this.#options.deliveryTimeoutMs} ms`)
      case 'aborted':
        return
    }
  }

  #waitForRoom(box: Mailbox): void {
    const { clock, busyTimeoutMs } = this.#options
    box.busySinceMs ??= clock.now()
    if (clock.now() - box.busySinceMs >= busyTimeoutMs) {
      return this.#lose(box, `it accepted no connection within ${busyTimeoutMs} ms`)
    }
    box.timer = clock.setTimer(() => {
      box.timer = undefined
      this.#ready.add(box)
      this.#pump()
    }, box.retryMs)
    box.retryMs = Math.min(longestRetryMs, box.retryMs * 2)
  }

  /** Not at once: whoever sends to all is in the middle of it, and may send to all again when it is told. */
  #tellSoon(path: string, reason: string): void {
    queueMicrotask(() => this.#options.onLost(path, reason))
  }

  #lose(box: Mailbox, reason: string): void {
    this.forget(box.path)
    this.#options.onLost(box.path, reason)
  }

  /** What is at a path may have changed since it was registered. */
  #whyNot(path: string): string | undefined {
    try {
      return checkPeerSocket(path, this.#options.ownPath) === undefined ? 'its socket is gone' : undefined
    } catch (error) {
      return error instanceof BadEvent ? error.message : `its socket cannot be looked at: ${(error as Error).message}`
    }
  }
}

function newMailbox(path: string): Mailbox {
  return {
    path,
    queue: [],
    queuedBytes: 0,
    isUnderWay: false,
    busySinceMs: undefined,
    retryMs: firstRetryMs,
    timer: undefined,
  }
}
