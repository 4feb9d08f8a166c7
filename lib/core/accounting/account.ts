// What a server holds for one client: a session, a link, a room it created, a key. The owner reports what is held and
// whether it is in use; the server's accounting decides when it is evicted.
import { BusyError, type IsockError } from '../base/errors.ts'
import { Held, type HeldKind } from './held.ts'
import type { Holding, Part } from './holders.ts'
import { Meter, type MeterReader } from './meter.ts'
import type { Owner } from './owner.ts'

/** What an account needs from the accounting. */
export interface AccountKeeper {
  onHeld(kind: HeldKind, byBytes: number): void
  partOf(owner: Owner | Part): Part
  tidy(part: Part): void
}

/** The thing that is accounted for. */
export interface AccountSubject {
  /** The client it is held for: an owner, a part of another account of the same client, or `Accounting.server`. */
  readonly owner: Owner | Part
  /** Its fixed cost: see `placeBytes`. */
  readonly bytes: number
  /** Releases everything it holds, for this reason, and closes the account. */
  shed(reason: IsockError): void
}

export class Account implements MeterReader, Holding {
  readonly #subject: AccountSubject
  readonly #keeper: AccountKeeper
  /** The newest of its meters, linked to the older ones. Created on demand: most accounts hold nothing. */
  #meters: Meter | undefined
  #part: Part
  #bytes = 0
  #isIdle = false
  #isClosed = false

  constructor(keeper: AccountKeeper, subject: AccountSubject) {
    this.#keeper = keeper
    this.#subject = subject
    this.#part = keeper.partOf(subject.owner)
    this.#part.inUse.add(this)
    this.onMeter(Held.Places, subject.bytes)
  }

  get part(): Part {
    return this.#part
  }

  get bytes(): number {
    return this.#bytes
  }

  /** True while it is not in use. */
  get isIdle(): boolean {
    return this.#isIdle
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** A meter for one kind of bytes that it holds. */
  meter(kind: HeldKind): Meter {
    this.#meters = new Meter(this, kind, openMeters(this.#meters))
    return this.#meters
  }

  onMeter(kind: HeldKind, byBytes: number): void {
    if (this.#isClosed) return
    this.#bytes += byBytes
    this.#part.change(byBytes)
    this.#keeper.onHeld(kind, byBytes)
  }

  /** Collects what its meters have not reported. */
  settle(): void {
    for (let meter = this.#meters; meter !== undefined; meter = meter.next) meter.settle()
  }

  /** Marks it as idle, so it is among the first of its holder's accounts to be evicted. */
  rest(): void {
    if (this.#isIdle || this.#isClosed) return
    this.settle()
    this.#isIdle = true
    this.#part.inUse.delete(this)
    this.#part.idle.add(this)
  }

  /** Marks it as in use again. */
  wake(): void {
    if (!this.#isIdle || this.#isClosed) return
    this.#isIdle = false
    this.#part.idle.delete(this)
    this.#part.inUse.add(this)
  }

  /** Assigns it to another owner: the client came back from another address. */
  moveTo(owner: Owner | Part): void {
    if (this.#isClosed) return
    const former = this.#part
    const part = this.#keeper.partOf(owner)
    if (part === former) return
    former.change(-this.#bytes)
    part.change(this.#bytes)
    former.inUse.delete(this)
    former.idle.delete(this)
    if (this.#isIdle) part.idle.add(this)
    else part.inUse.add(this)
    this.#part = part
    this.#keeper.tidy(former)
  }

  shed(): void {
    const message = 'the server reached its memory limit, and evicted this to make room for others'
    this.#subject.shed(new BusyError(message, { notStarted: false }))
    // Whatever `shed` did, nothing counts for it any more.
    this.close()
  }

  /** Closes the account. Later changes of its meters are ignored. */
  close(): void {
    if (this.#isClosed) return
    for (let meter = this.#meters; meter !== undefined; meter = meter.next) meter.clear()
    this.onMeter(Held.Places, -this.#subject.bytes)
    this.#isClosed = true
    this.#part.inUse.delete(this)
    this.#part.idle.delete(this)
    this.#keeper.tidy(this.#part)
  }
}

/** A list of meters without those that were closed: each caller of a session closes its own. */
function openMeters(first: Meter | undefined): Meter | undefined {
  let open = first
  while (open?.isClosed) open = open.next
  for (let meter = open; meter !== undefined; meter = meter.next)
    while (meter.next?.isClosed) meter.next = meter.next.next
  return open
}
