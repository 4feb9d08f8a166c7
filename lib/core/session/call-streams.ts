// The streams of an incoming call, with windows as large as both sides allow. Opened when first used.
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

/** How often a handler that reads slowly shows life: by default its caller waits for a minute of silence. */
const lifeSignMs = 5_000

/** The session of the calls. */
export interface StreamsHome extends FramePort {
  readonly clock: Clock
  readonly limits: Limits
}

export class CallStreams {
  readonly #home: StreamsHome
  readonly #account: MeterSource
  readonly #windowBytes: number
  /** For all inputs. */
  #budget: InputBudget | undefined
  #heldItems: Meter | undefined

  constructor(home: StreamsHome, peerLimits: PeerLimits, account: MeterSource) {
    this.#home = home
    this.#account = account
    this.#windowBytes = streamWindow(home.limits, peerLimits)
  }

  /** The stream of items that the handler sends. */
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

  /** The input of the caller, in this number of streams. */
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

  /** From now on they count for nothing. */
  release(): void {
    this.#heldItems?.close()
    this.#budget?.release()
  }

  /** The reason why the call whose input arrived last must end, if any. */
  inputOverload(): BusyError | undefined {
    return this.#budget?.overload()
  }
}
