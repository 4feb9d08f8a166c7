// Fair reading: limits how many bytes of one client are read before others have their turn. A socket that is always readable would
// be read continuously, and tiny frames take much processor time. So an address that has sent a lot within a turn of the
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
  /** The cost of what was read for it since its turn began. */
  readCost: number
}

/** The cost per turn for all busy holders together, depending on how long turns take. */
const inAll = { most: 4_096, least: 512 }
/** The cost for one of them: at most, and at least however many there are. A chunk is always read completely. */
const ofOne = { most: 1_024, least: 16 }
/** A frame costs one, and so does this number of bytes. */
const bytesEach = 4_096

/** Shared by busy holders without waiting readers, the most common case. */
const noReaders: FairReader[] = []

export class ReadTurns {
  /** Holders that have read much since the last turn, or wait. */
  readonly #busy = new Map<ReadHolder, FairReader[]>()
  readonly #inAll: TurnBudget
  #mostOfOne = ofOne.most
  #isPlanned = false

  constructor(clock: Pick<Clock, 'now'>) {
    this.#inAll = new TurnBudget(clock, inAll)
  }

  /** Whether this holder's next bytes have to wait. */
  isOver(holder: ReadHolder): boolean {
    return holder.readCost >= this.#mostOfOne
  }

  /** Called when something was read. */
  read(holder: ReadHolder, frames: number, bytes: number): void {
    holder.readCost += frames + Math.floor(bytes / bytesEach)
    // Holders with less are skipped when a turn ends.
    if (holder.readCost < ofOne.least || this.#busy.has(holder)) return
    this.#busy.set(holder, noReaders)
    this.#share()
    this.#plan()
  }

  /** Called when a link has kept what it received. */
  wait(reader: FairReader): void {
    // Its holder has read much, so there is an entry.
    const waiting = this.#busy.get(reader.holder)
    if (waiting === noReaders) this.#busy.set(reader.holder, [reader])
    else waiting?.push(reader)
  }

  #share(): void {
    this.#mostOfOne = Math.min(ofOne.most, Math.max(ofOne.least, this.#inAll.amount / this.#busy.size))
  }

  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isPlanned = false
    this.#inAll.begin()
    this.#share()
    for (const [holder, waiting] of this.#busy) {
      holder.readCost = 0
      if (waiting.length === 0) this.#busy.delete(holder)
      else this.#readSome(holder, waiting)
    }
    if (this.#busy.size > 0) this.#plan()
    else this.#inAll.rest()
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

/** One link's bytes, read when its holder has its turn. */
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
    this.#kept.push(chunk)
    this.#held ??= this.#account.meter(Held.Frames)
    this.#held.change(chunk.length)
  }

  #read(chunk: Uint8Array): void {
    this.#turns.read(this.holder, this.#chunks.read(chunk), chunk.length)
  }
}
