// One stream of a channel to one client: first the messages that it missed, then new ones, as fast as the client reads.
import { Held } from '../../core/accounting/held.ts'
import type { Meter } from '../../core/accounting/meter.ts'
import type { RunContext } from '../../core/action/run-context.ts'
import { BusyError, IsockError } from '../../core/base/errors.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import { type Overflow, SubscriberQueue, slotBytes } from '../../core/server/subscriber-queue.ts'
import { Encoded } from '../../core/wire/bytes/encoded.ts'
import { payloadSize } from '../../core/wire/bytes/payload.ts'
import type { Ending } from './channel-actions.ts'

export interface ReaderOptions {
  readonly session: ServerSession
  readonly context: RunContext
  /** The items to send before any published message. */
  readonly first: readonly unknown[]
  readonly maxQueued: number
  readonly maxQueuedBytes: number
  readonly overflow: Overflow
  /** The channel in messages, such as `channel "News"`. */
  readonly label: string
  /** Makes the notice of how many messages were lost so far. Given if the channel may drop some. */
  readonly lossNotice?: (lost: number) => unknown
}

/** The place of the first items in the queue. */
const opening = new Encoded(undefined)

export class Reader {
  readonly session: ServerSession
  /** Set by the room while this reader is in it and its client is connected. */
  countsAsConnected = false
  readonly #options: Omit<ReaderOptions, 'first'>
  readonly #queue: SubscriberQueue
  readonly #held: Meter
  /** Emptied as it is sent: a history may be large, and a reader lives long. */
  readonly #first: unknown[]
  #reportedLost = 0
  #ending: Ending | undefined

  constructor({ first, ...options }: ReaderOptions) {
    const { session, maxQueued, maxQueuedBytes, overflow, label } = options
    this.#held = session.held(Held.Queues)
    this.session = session
    this.#options = options
    this.#first = [...first]
    this.#queue = new SubscriberQueue({
      send: this.#send,
      maxQueued,
      maxQueuedBytes,
      overflow,
      label,
      held: this.#held,
    })
  }

  /** The context of the call that this stream answers. */
  get context(): RunContext {
    return this.#options.context
  }

  /** The number of messages in the queue. */
  get queuedCount(): number {
    return this.#queue.queuedCount
  }

  /** Starts sending. Never rejects: settles when the stream has ended, with the reason if this side ended it. */
  async run(): Promise<Ending | undefined> {
    const { signal } = this.#options.context
    this.#options.context.waitForClient()
    const onAbort = (): void => {
      const reason: unknown = signal.reason
      if (reason instanceof IsockError && reason.code === 'SESSION_ENDED') this.#ending ??= this.#endingOf(reason)
      this.#queue.end()
    }
    const unfollow = followSignal(signal, onAbort)
    this.#queue.push(opening)
    try {
      await this.#queue.done
    } catch (error) {
      this.#ending ??= this.#endingOf(error)
    } finally {
      unfollow()
    }
    return this.#ending
  }

  deliver(message: Encoded): void {
    this.#queue.push(message)
  }

  /** Queues a message and writes it immediately rather than when the tick ends. */
  deliverNow(message: Encoded): void {
    this.#queue.push(message)
    this.session.core.flush()
  }

  end(ending: Ending): void {
    this.#ending ??= ending
    this.#queue.end()
  }

  readonly #send = (message: Encoded): Promise<void> | undefined => {
    const { context, lossNotice } = this.#options
    if (message === opening) return this.#sendFirst()
    const { lostCount } = this.#queue
    if (lossNotice === undefined || lostCount === this.#reportedLost) return context.push(message)
    this.#reportedLost = lostCount
    const isTaken = context.push(lossNotice(lostCount))
    return isTaken === undefined ? context.push(message) : isTaken.then(() => context.push(message))
  }

  #sendFirst(): Promise<void> | undefined {
    const first = this.#first.reverse()
    return first.length === 1 ? this.#options.context.push(first.pop()) : this.#sendEach(first)
  }

  /** Sends items from the last to the first. Waiting ones count for the client, because the room may have dropped them. */
  async #sendEach(items: unknown[]): Promise<void> {
    let waitingBytes = 0
    const wait = (bytes: number): void => {
      this.#held.change(bytes)
      waitingBytes += bytes
    }
    try {
      while (items.length > 0) {
        const item = items.pop()
        const isTaken = this.#options.context.push(item)
        if (waitingBytes !== 0) wait(-heldOf(item))
        if (isTaken === undefined) continue
        if (waitingBytes === 0) wait(items.reduce((bytes: number, each) => bytes + heldOf(each), 0))
        await isTaken
      }
    } finally {
      wait(-waitingBytes)
    }
  }

  /** A disconnected client subscribes again for what it missed. A connected one gets an error, because it is too slow. */
  #endingOf(error: unknown): Ending {
    if (!(error instanceof IsockError)) return { code: 'INTERNAL', message: String(error) }
    const { code, message } = error
    const isAway = error instanceof BusyError && !this.session.isConnected
    return { code: isAway ? 'LINK_LOST' : code, message }
  }
}

function heldOf(item: unknown): number {
  return item instanceof Encoded ? payloadSize(item.payload) + slotBytes : 0
}
