// The streams of a call that the peer asked for, as large as both sides allow: opened when there is something to
// say on them.
import { Held } from '../accounting/held.ts'
import type { Meter, MeterSource } from '../accounting/meter.ts'
import type { Clock } from '../base/clock.ts'
import type { BusyError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import { Kind, type PeerLimits } from '../wire/frames/frame.ts'
import type { FramePort } from './frame-port.ts'
import { InboundStream } from './inbound-stream.ts'
import { IncomingInputs } from './incoming-inputs.ts'
import { InputBudget } from './input-budget.ts'
import { OutboundStream, streamWindow } from './outbound-stream.ts'

/** A handler that reads slowly says so this often: its caller's default bound is a minute of silence. */
const lifeSignMs = 5_000

/** The session that the calls are of. */
export interface StreamsHome extends FramePort {
  readonly clock: Clock
  readonly limits: Limits
}

export class CallStreams {
  readonly #home: StreamsHome
  readonly #account: MeterSource
  readonly #windowBytes: number
  /** Of all inputs. */
  #budget: InputBudget | undefined
  #heldItems: Meter | undefined

  constructor(home: StreamsHome, peerLimits: PeerLimits, account: MeterSource) {
    this.#home = home
    this.#account = account
    this.#windowBytes = streamWindow(home.limits, peerLimits)
  }

  /** What the handler sends. */
  openItems(seq: number): OutboundStream {
    const port = this.#home
    const windowBytes = this.#windowBytes
    const maxWaitingBytes = port.limits.maxWriteQueueBytes
    this.#heldItems ??= this.#account.meter(Held.Items)
    const held = this.#heldItems
    return new OutboundStream({
      kind: Kind.Item,
      seq,
      port,
      grantedBytes: windowBytes,
      windowBytes,
      maxWaitingBytes,
      held,
    })
  }

  /** What the caller sends, by this many streams. */
  openInputs(seq: number, count: number): IncomingInputs {
    return new IncomingInputs(Array.from({ length: count }, (_, number) => this.#openInput(seq, number || undefined)))
  }

  #openInput(seq: number, number: number | undefined): InboundStream {
    const port = this.#home
    const { clock, limits } = port
    const windowBytes = this.#windowBytes
    this.#budget ??= new InputBudget(limits, this.#account)
    const budget = this.#budget
    const lifeSigns = { clock, everyMs: lifeSignMs }
    const shared = { windowBytes, mayGoUnread: false, lifeSigns, budget, port }
    return new InboundStream({ kind: Kind.InputCredit, seq, number, ...shared })
  }

  /** Nothing of them counts any more. */
  release(): void {
    this.#heldItems?.close()
    this.#budget?.release()
  }

  /** Why the call whose input came last must end, if so. */
  inputOverload(): BusyError | undefined {
    return this.#budget?.overload()
  }
}
