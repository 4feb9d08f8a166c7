// What a server holds for one client: a session, a link, a room that it made, a key. Its owner says what is held and
// whether anybody uses it; the server's accounting decides when it has to go.
import { BusyError, type IsockError } from '../base/errors.ts'
import { Held, type HeldKind } from './held.ts'
import type { Holding, Part } from './holders.ts'
import { Meter, type MeterReader } from './meter.ts'
import type { Owner } from './owner.ts'

/** What an account needs of the accounting. */
export interface AccountKeeper {
  onHeld(kind: HeldKind, byBytes: number): void
  partOf(owner: Owner | Part): Part
  tidy(part: Part): void
}

/** What is accounted for. */
export interface AccountSubject {
  /** Who it is for; or the part of an account that it is for the same client as, or `Accounting.server`. */
  readonly owner: Owner | Part
  /** What it costs by itself: see `placeBytes`. */
  readonly bytes: number
  /** Releases what it holds, for this reason, and closes the account. */
  shed(reason: IsockError): void
}

export class Account implements MeterReader, Holding {
  readonly #subject: AccountSubject
  readonly #keeper: AccountKeeper
  /** The newest of its meters, with the others behind it. Made when they are asked for: most hold nothing. */
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

  /** Nobody uses it at the moment. */
  get isIdle(): boolean {
    return this.#isIdle
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** A meter for one kind of what it holds. */
  meter(kind: HeldKind): Meter {
    this.#meters = new Meter(this, kind, openOnes(this.#meters))
    return this.#meters
  }

  onMeter(kind: HeldKind, byBytes: number): void {
    if (this.#isClosed) return
    this.#bytes += byBytes
    this.#part.change(byBytes)
    this.#keeper.onHeld(kind, byBytes)
  }

  /** Adds up what its meters have not told. */
  settle(): void {
    for (let meter = this.#meters; meter !== undefined; meter = meter.next) meter.settle()
  }

  /** Nobody uses it from now on: of what its holder has it is the first to go. */
  rest(): void {
    if (this.#isIdle || this.#isClosed) return
    this.settle()
    this.#isIdle = true
    this.#part.inUse.delete(this)
    this.#part.idle.add(this)
  }

  /** Somebody uses it again. */
  wake(): void {
    if (!this.#isIdle || this.#isClosed) return
    this.#isIdle = false
    this.#part.idle.delete(this)
    this.#part.inUse.add(this)
  }

  /** It belongs to somebody else from now on: the client came back from another address. */
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
    const message = 'the server holds as much as it may, and this had to make room for others'
    this.#subject.shed(new BusyError(message, { notStarted: false }))
    // Whatever its owner did: nothing counts for it any more.
    this.close()
  }

  /** Nothing is held for it any more. What its meters are told later counts for nothing. */
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
function openOnes(first: Meter | undefined): Meter | undefined {
  let open = first
  while (open?.isClosed) open = open.next
  for (let meter = open; meter !== undefined; meter = meter.next)
    while (meter.next?.isClosed) meter.next = meter.next.next
  return open
}
