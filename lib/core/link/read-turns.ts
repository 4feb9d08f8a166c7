// Fair reading: limits how much is read from one client before others get their turn. A socket that is always readable would
// be read continuously, and tiny frames are expensive to process. So an address that has sent a lot within a turn of the
// event loop waits, with all of its links one after the other, for the next turns.
//
//   chunk ──> read now                                   while its holder has read little
//     ╰─────> kept, the link paused ──> read later       from then on, as much in each turn
import { Held } from '../accounting/held.ts'
import type { Meter, MeterSource } from '../accounting/meter.ts'
import type { Clock } from '../base/clock.ts'
import { setImmediate } from '../base/platform-timers.ts'
import { TurnBudget } from '../base/turn-budget.ts'
import type { Link } from './link.ts'

/** The owner of links that share a turn: an address. */
export interface ReadHolder {
  /** The cost of what was read for it in this turn. */
  readCost: number
}

/** The cost per turn of all busy holders together, depending on how long turns take. */
const totalCost = { most: 4_096, least: 512 }
/** The cost per turn of one holder: at most, and at least, however many there are. A chunk is always read completely. */
const holderCost = { most: 1_024, least: 16 }
/** A frame costs one unit, and so does this number of bytes. */
const bytesPerUnit = 4_096

/** Shared by busy holders without waiting readers, the most common case. */
const noReaders: FairReader[] = []

export class ReadTurns {
  /** Holders that have read a lot since the last turn, or are waiting. */
  readonly #busy = new Map<ReadHolder, FairReader[]>()
  readonly #budget: TurnBudget
  #maxHolderCost = holderCost.most
  #isScheduled = false

  constructor(clock: Pick<Clock, 'now'>) {
    this.#budget = new TurnBudget(clock, totalCost)
  }

  /** Whether this holder's next bytes have to wait. */
  isOver(holder: ReadHolder): boolean {
    return holder.readCost >= this.#maxHolderCost
  }

  /** Called when something was read. */
  read(holder: ReadHolder, frames: number, bytes: number): void {
    holder.readCost += frames + Math.floor(bytes / bytesPerUnit)
    // Holders below that are skipped when a turn ends.
    if (holder.readCost < holderCost.least || this.#busy.has(holder)) return
    this.#busy.set(holder, noReaders)
    this.#share()
    this.#schedule()
  }

  /** Called when a link has kept a chunk for later. */
  wait(reader: FairReader): void {
    // Its holder is busy, so there is an entry.
    const waiting = this.#busy.get(reader.holder)
    if (waiting === noReaders) this.#busy.set(reader.holder, [reader])
    else waiting?.push(reader)
  }

  #share(): void {
    this.#maxHolderCost = Math.min(holderCost.most, Math.max(holderCost.least, this.#budget.amount / this.#busy.size))
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isScheduled = false
    this.#budget.begin()
    this.#share()
    for (const [holder, waiting] of this.#busy) {
      holder.readCost = 0
      if (waiting.length === 0) this.#busy.delete(holder)
      else this.#readSome(holder, waiting)
    }
    if (this.#busy.size > 0) this.#schedule()
    else this.#budget.rest()
  }

  #readSome(holder: ReadHolder, waiting: FairReader[]): void {
    let count = 0
    while (count < waiting.length && !this.isOver(holder)) (waiting[count++] as FairReader).readKept()
    waiting.splice(0, count)
  }
}

/** The account that a reader reads for. */
export interface ReadAccount extends MeterSource {
  readonly part: { readonly address: ReadHolder }
}

export interface ChunkReader {
  /** Reads a chunk, and returns how many frames it contained. */
  read(chunk: Uint8Array): number
}

export interface FairReaderOptions {
  readonly turns: ReadTurns
  readonly account: ReadAccount
  readonly link: Pick<Link, 'pause' | 'resume'>
  readonly chunks: ChunkReader
}

/** Reads the bytes of one link when its holder's turn comes. */
export class FairReader {
  readonly holder: ReadHolder
  readonly #turns: ReadTurns
  readonly #account: ReadAccount
  readonly #link: FairReaderOptions['link']
  readonly #chunks: ChunkReader
  #kept: Uint8Array[] | undefined
  #held: Meter | undefined

  constructor({ turns, account, link, chunks }: FairReaderOptions) {
    this.#turns = turns
    this.#account = account
    this.#link = link
    this.#chunks = chunks
    this.holder = account.part.address
  }

  take(chunk: Uint8Array): void {
    const link = this.#link
    const isFirst = this.#kept === undefined
    // A link that cannot pause is inside this process: its other end shares the event loop anyway.
    if (link.pause === undefined || (isFirst && !this.#turns.isOver(this.holder))) return this.#read(chunk)
    this.#keep(chunk)
    if (!isFirst) return
    link.pause()
    this.#turns.wait(this)
  }

  readKept(): void {
    const kept = this.#kept
    this.close()
    for (const chunk of kept ?? []) this.#read(chunk)
    this.#link.resume?.()
  }

  /** Drops what it kept. */
  close(): void {
    this.#kept = undefined
    this.#held?.clear()
  }

  #keep(chunk: Uint8Array): void {
    this.#kept ??= []
    // Its memory is that of the next read, too.
    this.#kept.push(new Uint8Array(chunk))
    this.#held ??= this.#account.meter(Held.Frames)
    this.#held.change(chunk.length)
  }

  #read(chunk: Uint8Array): void {
    this.#turns.read(this.holder, this.#chunks.read(chunk), chunk.length)
  }
}
