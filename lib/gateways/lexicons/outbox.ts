// What goes out to one client. Who fills it waits for a reader that is slow; one that takes nothing is let go.
import type { WebSocket } from 'ws'
import type { Meter } from '../../core/accounting/meter.ts'
import type { Clock } from '../../core/base/clock.ts'
import { patienceMs } from '../../core/base/patience.ts'
import { type JsonValue, toJsonText } from '../json-values.ts'

export interface OutboxOptions {
  readonly socket: WebSocket
  readonly clock: Clock
  /** Bytes that may wait for the reader; above it the socket is ended. */
  readonly maxQueuedBytes: number
  /** How long the reader may take nothing; one that reads slowly has more time for more. */
  readonly stallTimeoutMs: number
  /** As binary messages. */
  readonly isBinary: boolean
  /** Counts what waits, for the client. */
  readonly held: Meter
  /** Told why the reader is let go. */
  readonly onStalled: (reason: string) => void
}

/** Below it nobody waits. */
const comfortableBytes = 64 * 1024
/** What a message costs beside its bytes, about: else many small ones would take ten times what is allowed. */
const messageCostBytes = 512

export class Outbox {
  readonly #options: OutboxOptions
  /** Messages that have not left. */
  #waitingCount = 0

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /**
   * Sends one message with these entries. A promise: wait for it before the next; it settles when the reader has taken
   * enough, or is gone. Throws UnsendableError.
   */
  send(entries: readonly object[]): Promise<void> | undefined {
    return this.sendTexts(entries.map(textOfEntry))
  }

  /** The same, of entries that are JSON already. */
  sendTexts(entries: readonly string[]): Promise<void> | undefined {
    const { socket, maxQueuedBytes } = this.#options
    const text = `[${entries.join(',')}]`
    if (socket.readyState !== socket.OPEN) return undefined
    const waitingBytes = socket.bufferedAmount + this.#waitingCount * messageCostBytes
    if (socket.bufferedAmount > 0 && waitingBytes + text.length > maxQueuedBytes) {
      this.#stalled(`more than ${maxQueuedBytes} bytes wait for it`)
      return undefined
    }
    if (waitingBytes + text.length <= comfortableBytes) {
      this.#send(text, () => undefined)
      return undefined
    }
    return this.#sendAndWait(text)
  }

  #sendAndWait(text: string): Promise<void> {
    const { socket, clock, stallTimeoutMs } = this.#options
    return new Promise((resolve) => {
      const limitMs = patienceMs(socket.bufferedAmount + text.length, stallTimeoutMs)
      const timer = clock.setTimer(() => this.#stalled('it takes next to nothing'), limitMs)
      this.#send(text, () => {
        timer.cancel()
        resolve()
      })
    })
  }

  /** `onSent` is called in any case: an error ends the socket, which its owner is told. */
  #send(text: string, onSent: () => void): void {
    const { socket, isBinary, held } = this.#options
    const bytes = text.length + messageCostBytes
    this.#waitingCount++
    held.change(bytes)
    socket.send(text, { binary: isBinary }, () => {
      this.#waitingCount--
      held.change(-bytes)
      onSent()
    })
  }

  #stalled(reason: string): void {
    this.#options.onStalled(reason)
    // A reader that takes nothing does not take a farewell.
    this.#options.socket.terminate()
  }
}

/** Throws UnsendableError. */
export function textOfEntry(entry: object): string {
  return toJsonText(withNull(entry), 'payload')
}

/** `{ Name: undefined }` would be `{}`, which names nothing. */
function withNull(entry: object): object {
  return Object.fromEntries(
    Object.entries(entry).map(([name, payload]): [string, JsonValue] => [name, payload ?? null]),
  )
}
