// The reading end of a stream, for items and for input alike. Takes items in order, drops duplicates, grants the writer more credit as
// its own reader continues, and holds no more than the window.
import type { Clock } from '../base/clock.ts'
import { ProtocolError } from '../base/errors.ts'
import { Queue } from '../base/queue.ts'
import { detached, type Payload } from '../wire/bytes/payload.ts'
import type { CreditFrame } from '../wire/frames/frame.ts'
import type { FramePort } from './frame-port.ts'
import { itemCost } from './outbound-stream.ts'

/** What a reader gets: an item, or the end, with the error that interrupted the stream, if any. */
export type Taken = { readonly item: true; readonly value: Payload } | { readonly item: false; readonly error: unknown }

export interface InboundStreamOptions {
  readonly kind: CreditFrame['kind']
  readonly seq: number
  /** The number of the input stream in the call; undefined: the first, or items. */
  readonly number?: number | undefined
  readonly windowBytes: number
  /** The stream may never be read: when its window is full and unread, items are discarded. */
  readonly mayGoUnread: boolean
  /** Called with each waiting item that its reader takes. */
  readonly onTaken?: () => void
  /** For a writer with a bound on silence: credit is also sent after this time, however little was read. */
  readonly lifeSigns?: { readonly clock: Clock; readonly everyMs: number }
  /** Shared with other streams; undefined: only the window bounds what is granted. */
  readonly budget?: StreamBudget
  readonly port: FramePort
}

/** A bound on what several streams may have granted and unread together. */
export interface StreamBudget {
  readonly leftBytes: number
  grantedChanged(byBytes: number): void
  unreadChanged(byBytes: number): void
}

/** What a waiting reader is granted, even if other streams hold much: it is read as it arrives. */
const leastGrantBytes = 16 * 1024

export class InboundStream {
  readonly #options: InboundStreamOptions
  #queue: Payload[] = []
  #head = 0
  #received = 0
  #receivedCost = 0
  #consumedCost = 0
  #confirmedCost = 0
  #creditedAtMs = 0
  #unreadCost = 0
  #granted: number
  /** The part of the budget that it uses. */
  #reserved = 0
  #end: { readonly error: unknown } | undefined
  #isRead = false
  #isDiscarding = false
  #isClosed = false
  /** The first reader that waits for an item. */
  #waiter: ((taken: Taken) => void) | undefined
  /** Further waiting readers, in order. */
  #moreWaiters: Queue<(taken: Taken) => void> | undefined

  constructor(options: InboundStreamOptions) {
    this.#options = options
    this.#granted = this.#grantable
    this.#reserve()
  }

  /** Items received so far, each counted once. */
  get received(): number {
    return this.#received
  }

  /** Received since the last credit was sent. */
  get unconfirmedCost(): number {
    return this.#receivedCost - this.#confirmedCost
  }

  /** Whether items were discarded because nobody read them. */
  get isDiscarding(): boolean {
    return this.#isDiscarding
  }

  /** Whether the window is used up and nobody is reading. */
  get isFull(): boolean {
    return this.#receivedCost >= this.#granted
  }

  /** False: it is a duplicate. */
  onItem(index: number, payload: Payload): boolean {
    if (index < this.#received || this.#end !== undefined) return false
    if (index > this.#received) throw new ProtocolError(`item ${index} arrived where ${this.#received} was expected`)
    if (this.isFull) throw new ProtocolError('an item arrived that was not granted')
    this.#received++
    const cost = itemCost(payload)
    this.#receivedCost += cost
    if (this.#receivedCost > this.#granted) this.#reserve()
    if (this.#isDiscarding) this.#consume(cost)
    else if (this.#waiter !== undefined) {
      const waiter = this.#waiter
      this.#waiter = this.#moreWaiters?.take()
      this.#consume(cost)
      waiter({ item: true, value: payload })
    } else {
      this.#queue.push(detached(payload))
      this.#countUnread(cost)
      if (this.#options.mayGoUnread && !this.#isRead && this.isFull) this.discard()
    }
    return true
  }

  /** Called when no more items come. Received items can still be taken. The first end counts. */
  end(error: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    this.#reserve()
    this.#endWaiting({ item: false, error })
  }

  /** Called when a reader will ask later: nothing is discarded. */
  expectReader(): void {
    this.#isRead = true
  }

  /** The next item, or the end, if it has arrived; otherwise undefined. */
  takeNow(): Taken | undefined {
    this.#isRead = true
    if (this.#head < this.#queue.length) {
      const value = this.#queue[this.#head]
      this.#queue[this.#head++] = undefined
      if (this.#head === this.#queue.length) {
        this.#queue = []
        this.#head = 0
      }
      this.#options.onTaken?.()
      const cost = itemCost(value)
      this.#countUnread(-cost)
      this.#consume(cost)
      return { item: true, value }
    }
    return this.#end === undefined ? undefined : { item: false, error: this.#end.error }
  }

  /** Calls back with the next item or the end. Readers are served in order. */
  take(onTaken: (taken: Taken) => void): void {
    const taken = this.takeNow()
    if (taken !== undefined) return onTaken(taken)
    if (this.#waiter === undefined) this.#waiter = onTaken
    else {
      this.#moreWaiters ??= new Queue()
      this.#moreWaiters.add(onTaken)
    }
    if (this.isFull && !this.#isClosed) this.#grant(Math.max(this.#grantable, this.#consumedCost + this.#leastGrant))
  }

  /** From now on items are only counted, and the writer gets credit for them. */
  discard(): void {
    this.#isDiscarding = true
    this.#drop()
    this.#consume(this.#receivedCost - this.#consumedCost)
  }

  /** Called when its reader has left: a pending read gets no item, and further items are discarded. */
  leave(): void {
    this.discard()
    this.#endWaiting({ item: false, error: undefined })
  }

  /** Called when its call has ended: drops unread items, and grants no more. */
  close(): void {
    this.#isClosed = true
    this.#drop()
    this.#reserve()
  }

  /** Called when there is a new link: resends what was received and granted. */
  resume(): void {
    if (this.#end === undefined) this.#sendCredit()
  }

  #drop(): void {
    this.#queue = []
    this.#head = 0
    this.#countUnread(-this.#unreadCost)
  }

  #endWaiting(end: Taken): void {
    const waiter = this.#waiter
    const others = this.#moreWaiters?.takeAll() ?? []
    this.#waiter = undefined
    waiter?.(end)
    for (const other of others) other(end)
  }

  #countUnread(byCost: number): void {
    this.#unreadCost += byCost
    this.#options.budget?.unreadChanged(byCost)
  }

  #consume(cost: number): void {
    this.#consumedCost += cost
    const granted = this.#grantable
    const isGrantDue = this.#end === undefined && granted - this.#granted >= this.#options.windowBytes / 2
    if (isGrantDue) this.#grant(granted)
    else {
      this.#reserve()
      if (this.#isSignDue) this.#sendCredit()
    }
  }

  /** A window beyond what was read; less if other streams hold much. Discarded items hold nothing. */
  get #grantable(): number {
    const { windowBytes, budget } = this.#options
    if (budget === undefined || this.#isDiscarding) return this.#consumedCost + windowBytes
    return this.#consumedCost + Math.max(0, Math.min(windowBytes, budget.leftBytes + this.#reserved))
  }

  get #leastGrant(): number {
    return Math.min(leastGrantBytes, this.#options.windowBytes)
  }

  #grant(granted: number): void {
    this.#granted = granted
    this.#reserve()
    this.#sendCredit()
  }

  /** Takes from the budget what was granted or has arrived, and was not read. */
  #reserve(): void {
    const { budget } = this.#options
    if (budget === undefined) return
    const mayHold = this.#end === undefined ? Math.max(this.#granted, this.#receivedCost) : this.#receivedCost
    const reserved = this.#isDiscarding || this.#isClosed ? 0 : mayHold - this.#consumedCost
    budget.grantedChanged(reserved - this.#reserved)
    this.#reserved = reserved
  }

  get #isSignDue(): boolean {
    const { lifeSigns } = this.#options
    // After the last item has arrived, its reader may still have many to read; not after an interruption.
    if (this.#end?.error !== undefined) return false
    return lifeSigns !== undefined && lifeSigns.clock.now() - this.#creditedAtMs >= lifeSigns.everyMs
  }

  #sendCredit(): void {
    const { port, kind, seq, number, lifeSigns } = this.#options
    if (lifeSigns !== undefined) this.#creditedAtMs = lifeSigns.clock.now()
    this.#confirmedCost = this.#receivedCost
    const frame = { kind, seq, received: this.#received, granted: this.#granted }
    port.send(number === undefined ? frame : { ...frame, stream: number })
  }
}
