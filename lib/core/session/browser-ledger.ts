// Replaces ledger.ts in the bundle for browsers: loads it when the server first calls the page, which few servers do. Meanwhile, its
// frames wait in order.
import type { MeterSource } from '../accounting/meter.ts'
import { IsockError, LinkError } from '../base/errors.ts'
import { detached } from '../wire/bytes/payload.ts'
import {
  type AckFrame,
  type CallFrame,
  type CancelFrame,
  type CreditFrame,
  type InputEndFrame,
  type ItemFrame,
  Kind,
  type PeerLimits,
} from '../wire/frames/frame.ts'
import type { AbortScope } from './incoming-call.ts'
import type { Ledger as LoadedLedger } from './ledger.ts'
import type { LedgerHome } from './ledger-home.ts'
import { loadLedger } from './ledger-loader.ts'
import type { CalledAction } from './name-refs.ts'

/** What the session of a client uses of its ledger. */
type AskedOfLedger = Omit<
  LoadedLedger,
  'calls' | 'giveUp' | 'onAnswered' | 'openItems' | 'onWeighed' | 'onWaiting' | 'start'
>

export interface LinkedHome extends LedgerHome {
  dropLink(reason: IsockError, how: 'abort'): void
}

export class Ledger implements AskedOfLedger {
  readonly #home: LinkedHome
  readonly #open: (loaded: typeof LoadedLedger) => LoadedLedger
  readonly #load: typeof loadLedger
  #loaded: LoadedLedger | undefined
  #waiting: ((ledger: LoadedLedger) => void)[] = []
  /** Calls that wait to be admitted, by seq. */
  readonly #calls = new Set<number>()
  #isEnded = false

  constructor(home: LinkedHome, peerLimits: PeerLimits, account: MeterSource, load = loadLedger) {
    this.#home = home
    this.#load = load
    this.#open = (Loaded) => new Loaded(home, peerLimits, account)
  }

  get runningCount(): number {
    return this.#loaded?.runningCount ?? this.#calls.size
  }

  get unsentCount(): number {
    return this.#loaded?.unsentCount ?? 0
  }

  get isClean(): boolean {
    return this.#loaded?.isClean ?? this.#calls.size === 0
  }

  onCall(frame: CallFrame, action: CalledAction): void {
    if (this.#loaded !== undefined) return this.#loaded.onCall(frame, action)
    const kept = { ...frame, data: detached(frame.data) }
    this.#calls.add(frame.seq)
    this.#wait((ledger) => ledger.onCall(kept, action))
  }

  onCancel(frame: CancelFrame): void {
    this.#wait((ledger) => ledger.onCancel(frame))
  }

  onInput(frame: ItemFrame): void {
    if (this.#loaded !== undefined) return this.#loaded.onInput(frame)
    const kept = { ...frame, value: detached(frame.value) }
    this.#wait((ledger) => ledger.onInput(kept))
  }

  onInputEnd(frame: InputEndFrame): void {
    this.#wait((ledger) => ledger.onInputEnd(frame))
  }

  onAck(frame: AckFrame): void {
    this.#loaded?.onAck(frame)
  }

  onCredit(frame: CreditFrame): void {
    this.#loaded?.onCredit(frame)
  }

  resume(): void {
    this.#loaded?.resume()
  }

  onLinkLost(): void {
    this.#loaded?.onLinkLost()
  }

  onWritable(): void {
    this.#loaded?.onWritable()
  }

  end(reason: IsockError): void {
    this.#isEnded = true
    this.#loaded?.end(reason)
    this.#forget()
  }

  release(): void {
    this.#loaded?.release()
  }

  abortAll(reason: IsockError, which?: AbortScope): void {
    this.#loaded?.abortAll(reason, which)
  }

  #wait(work: (ledger: LoadedLedger) => void): void {
    if (this.#loaded !== undefined) return work(this.#loaded)
    if (this.#waiting.push(work) > 1) return
    Promise.all([this.#load(), this.#home.callee.prepareForCalls?.()]).then(
      ([{ Ledger: Loaded }]) => this.#begin(Loaded),
      () => this.#refuse(),
    )
    this.#home.onBusyChange()
  }

  #begin(Loaded: typeof LoadedLedger): void {
    if (this.#isEnded) return
    const ledger = this.#open(Loaded)
    this.#loaded = ledger
    const waiting = this.#forget()
    try {
      for (const work of waiting) work(ledger)
    } catch (error) {
      this.#home.dropLink(error instanceof IsockError ? error : new LinkError(String(error)), 'abort')
    }
    this.#home.onBusyChange()
  }

  /** Called when the chunk could not be loaded: the server gets an error, and the next call tries again. */
  #refuse(): void {
    if (this.#isEnded) return
    const seqs = [...this.#calls]
    this.#forget()
    // The code that encodes errors is in that chunk.
    const error = JSON.stringify('this page could not load the code of its actions')
    for (const seq of seqs) this.#home.send({ kind: Kind.Failure, seq, items: 0, notStarted: true, error })
    this.#home.onBusyChange()
  }

  #forget(): ((ledger: LoadedLedger) => void)[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#calls.clear()
    return waiting
  }
}
