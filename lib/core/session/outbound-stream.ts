// The writing end of a stream, for items and for input alike: sends as far as the reader granted, keeps what the
// reader has not received, and sends that again over the next link.
//
//   index:   0 ...... base ............ next ............ reached ............ count
//            received | kept, sent      | kept, sent over  | kept, never sent    |
//                     | over this link  | a former link    |                     |
import type { Meter } from '../accounting/meter.ts'
import { BusyError, ProtocolError } from '../base/errors.ts'
import { type Payload, payloadSize } from '../wire/bytes/payload.ts'
import { type ItemFrame, minItemCost } from '../wire/frames/frame.ts'
import type { FramePort } from './frame-port.ts'

/** What an item takes of the window; both ends must agree on it. */
export function itemCost(payload: Payload): number {
  return Math.max(minItemCost, payloadSize(payload))
}

/** The window of a session's streams: the smaller of what the two sides announced, so that neither keeps more than its own. */
export function streamWindow(
  one: { readonly streamWindowBytes: number },
  other: { readonly streamWindowBytes: number } | undefined,
): number {
  return Math.min(one.streamWindowBytes, other?.streamWindowBytes ?? one.streamWindowBytes)
}

/** How far the input of a call has got. */
export interface InputProgress {
  /** Handed to the connection, be it on its way or not. */
  readonly sent: InputAmount
  /** The callee has them. It says so as its reader gets on, in steps of a part of the stream's window. */
  readonly confirmed: InputAmount
}

/** Of one or several streams together. `bytes` are those of the encoded items. */
export interface InputAmount {
  items: number
  bytes: number
}

export interface OutboundStreamOptions {
  readonly kind: ItemFrame['kind']
  readonly seq: number
  /** Which of the call's input streams; undefined: the first, or items. */
  readonly number?: number | undefined
  /** What may be sent before the reader has said anything. */
  readonly grantedBytes: number
  /** What may be sent and unconfirmed, whatever the reader grants: it is kept here. */
  readonly windowBytes: number
  /** Items that are pushed without waiting may take this much; above it `push` throws BusyError. */
  readonly maxWaitingBytes: number
  /** What it keeps counts there; undefined: for nobody. */
  readonly held?: Meter
  readonly port: FramePort
}

export class OutboundStream {
  readonly #options: OutboundStreamOptions
  #kept: Payload[] = []
  #keptCost = 0
  #base = 0
  #next = 0
  /** The reader may have these, whichever link they went over. */
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

  /** Adds what was sent over any link, and what the reader has confirmed of it. */
  addProgressTo({ sent, confirmed }: InputProgress): void {
    confirmed.items += this.#base
    confirmed.bytes += this.#confirmedBytes
    sent.items += this.#reached
    sent.bytes += this.#reachedBytes
  }

  /** All pushed items went over the link that is attached. */
  get isFlushed(): boolean {
    return this.#next === this.count
  }

  /** Adds an item. True: go on; false: rather wait for `writable` first. */
  push(payload: Payload): boolean {
    if (this.#isClosed) return true
    const cost = itemCost(payload)
    if (this.#waitingCost + cost > this.#options.maxWaitingBytes && this.#waitingCost > 0) {
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

  /** Sends what credit and link allow. Called whenever either may have grown. */
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

  /** What the reader has and what it will take. Both numbers only grow; older ones change nothing. True: one has grown. */
  onCredit(received: number, granted: number): boolean {
    if (received > this.count) throw new ProtocolError(`${received} items confirmed, ${this.count} were sent`)
    const hasMoved = received > this.#base || granted > this.#granted
    if (received > this.#base) {
      const confirmed = received - this.#base
      // Confirmed but, after a rewind, not sent again yet: they need not be.
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

  /** A new link: what the reader did not confirm is sent again. */
  rewind(): void {
    for (let i = 0; i < this.#next - this.#base; i++) {
      const cost = itemCost(this.#kept[i])
      this.#sentCost -= cost
      this.#waitingCost += cost
    }
    this.#next = this.#base
    this.pump()
  }

  /** Nothing more comes; what was pushed still goes. Lets waiting writers go on. */
  finish(): void {
    this.#wake()
  }

  /**
   * Drops what was never sent. The rest stays, to be sent again over another link: the answer counts it, and the reader must
   * have it. Lets waiting writers go on.
   */
  cutOff(): void {
    this.#isClosed = true
    const dropped = this.#kept.splice(this.#reached - this.#base)
    this.#keeps(-dropped.reduce((sum, item) => sum + itemCost(item), 0))
    this.#wake()
  }

  /** Forgets everything and lets waiting writers go on. */
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
