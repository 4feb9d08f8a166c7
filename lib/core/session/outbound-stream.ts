// The writing end of a stream, for items and for input alike. Sends as far as the reader has granted, keeps what the reader has not
// received, and resends it over the next link.
//
//   index:   0 ...... base ............ next ............ reached ............ count
//            received | kept, sent      | kept, sent over  | kept, never sent    |
//                     | over this link  | a former link    |                     |
import type { Meter } from '../accounting/meter.ts'
import { BusyError, ProtocolError } from '../base/errors.ts'
import { type Payload, payloadSize } from '../wire/bytes/payload.ts'
import { type ItemFrame, minItemCost } from '../wire/frames/frame.ts'
import type { FramePort } from './frame-port.ts'

/** How much of the window an item takes. Both ends must agree on it. */
export function itemCost(payload: Payload): number {
  return Math.max(minItemCost, payloadSize(payload))
}

/** The window of a session's streams: the smaller one of both sides, so that neither keeps more than its own. */
export function streamWindow(
  one: { readonly streamWindowBytes: number },
  other: { readonly streamWindowBytes: number } | undefined,
): number {
  return Math.min(one.streamWindowBytes, other?.streamWindowBytes ?? one.streamWindowBytes)
}

/** The progress of the input of a call. */
export interface InputProgress {
  /** Passed to the connection, sent or not. */
  readonly sent: InputAmount
  /** Received by the callee, which confirms them as its reader continues, in steps of a part of the stream's window. */
  readonly confirmed: InputAmount
}

/** The sum over one or several streams. `bytes`: of the encoded items. */
export interface InputAmount {
  items: number
  bytes: number
}

export interface OutboundStreamOptions {
  readonly kind: ItemFrame['kind']
  readonly seq: number
  /** The number of the input stream in the call; undefined: the first, or items. */
  readonly number?: number | undefined
  /** What may be sent before the reader has granted anything. */
  readonly grantedBytes: number
  /** The bound on what is sent and unconfirmed, even if the reader grants more, because it is kept here. */
  readonly windowBytes: number
  /** The bound for items that are pushed without waiting; above it `push` throws BusyError. */
  readonly maxWaitingBytes: number
  /** Where kept items count; undefined: nowhere. */
  readonly held?: Meter
  readonly port: FramePort
}

export class OutboundStream {
  readonly #options: OutboundStreamOptions
  #kept: Payload[] = []
  #keptCost = 0
  #base = 0
  #next = 0
  /** The reader may have these: they were sent over some link. */
  #reached = 0
  #sentCost = 0
  #confirmedCost = 0
  #waitingCost = 0
  #confirmedBytes = 0
  #reachedBytes = 0
  #granted: number
  #isClosed = false
  #wakers: (() => void)[] = []

  constructor(options: OutboundStreamOptions) {
    this.#options = options
    this.#granted = options.grantedBytes
  }

  /** Items pushed so far. */
  get count(): number {
    return this.#base + this.#kept.length
  }

  /** Adds the items that were sent over any link, and those that the reader has confirmed. */
  addProgressTo({ sent, confirmed }: InputProgress): void {
    confirmed.items += this.#base
    confirmed.bytes += this.#confirmedBytes
    sent.items += this.#reached
    sent.bytes += this.#reachedBytes
  }

  /** Whether all pushed items were sent over the current link. */
  get isFlushed(): boolean {
    return this.#next === this.count
  }

  /** Adds an item. False: wait for `writable` before the next one. `isKept`: it is kept elsewhere too, within a bound of its own. */
  push(payload: Payload, isKept = false): boolean {
    if (this.#isClosed) return true
    const cost = itemCost(payload)
    if (!isKept && this.#waitingCost + cost > this.#options.maxWaitingBytes && this.#waitingCost > 0) {
      throw new BusyError('too many items wait to be sent: await each emit() before the next', { notStarted: false })
    }
    this.#kept.push(payload)
    this.#keeps(cost)
    this.#waitingCost += cost
    this.pump()
    return this.isFlushed
  }

  /** Settles when everything pushed was sent, or the stream was closed. */
  writable(): Promise<void> {
    if (this.isFlushed || this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => this.#wakers.push(resolve))
  }

  /** Sends as much as credit and link allow. Called whenever either may have grown. */
  pump(): void {
    const { port, kind, seq, number } = this.#options
    while (this.#next < this.count && this.#mayGoOn && port.isWritable) {
      const value = this.#kept[this.#next - this.#base]
      const cost = itemCost(value)
      this.#sentCost += cost
      this.#waitingCost -= cost
      const index = this.#next++
      port.send(number === undefined ? { kind, seq, index, value } : { kind, seq, index, value, stream: number })
      if (this.#next > this.#reached) {
        this.#reached = this.#next
        this.#reachedBytes += payloadSize(value)
      }
    }
    if (this.isFlushed) this.#wake()
  }

  /** Called with what the reader has received and granted. Both numbers only grow; smaller ones are ignored. True: one has grown. */
  onCredit(received: number, granted: number): boolean {
    if (received > this.count) throw new ProtocolError(`${received} items confirmed, ${this.count} were sent`)
    const hasMoved = received > this.#base || granted > this.#granted
    if (received > this.#base) {
      const confirmed = received - this.#base
      // Confirmed items that were not yet resent after a rewind need not be.
      for (let i = this.#next - this.#base; i < confirmed; i++) {
        const cost = itemCost(this.#kept[i])
        this.#sentCost += cost
        this.#waitingCost -= cost
      }
      const formerCost = this.#confirmedCost
      for (const item of this.#kept.splice(0, confirmed)) {
        this.#confirmedCost += itemCost(item)
        this.#confirmedBytes += payloadSize(item)
      }
      this.#keeps(formerCost - this.#confirmedCost)
      this.#base = received
      this.#next = Math.max(this.#next, received)
      this.#reached = Math.max(this.#reached, received)
    }
    if (granted > this.#granted) this.#granted = granted
    this.pump()
    return hasMoved
  }

  /** Called when there is a new link: resends what the reader has not confirmed. */
  rewind(): void {
    for (let i = 0; i < this.#next - this.#base; i++) {
      const cost = itemCost(this.#kept[i])
      this.#sentCost -= cost
      this.#waitingCost += cost
    }
    this.#next = this.#base
    this.pump()
  }

  /** Called when no more items come. Pushed items are still sent. Releases waiting writers. */
  finish(): void {
    this.#wake()
  }

  /**
   * Drops what was never sent. The rest is kept and resent over another link, because the answer counts it, and the reader must have
   * it. Releases waiting writers.
   */
  cutOff(): void {
    this.#isClosed = true
    const dropped = this.#kept.splice(this.#reached - this.#base)
    this.#keeps(-dropped.reduce((sum, item) => sum + itemCost(item), 0))
    this.#wake()
  }

  /** Drops everything and releases waiting writers. */
  close(): void {
    this.#isClosed = true
    this.#kept = []
    this.#keeps(-this.#keptCost)
    this.#base = this.#reached
    this.#next = this.#reached
    this.#wake()
  }

  #keeps(byCost: number): void {
    this.#keptCost += byCost
    this.#options.held?.change(byCost)
  }

  get #mayGoOn(): boolean {
    return this.#sentCost < Math.min(this.#granted, this.#confirmedCost + this.#options.windowBytes)
  }

  #wake(): void {
    if (this.#wakers.length === 0) return
    const wakers = this.#wakers
    this.#wakers = []
    for (const wake of wakers) wake()
  }
}
