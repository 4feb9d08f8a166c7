// What goes out to one client. Who fills it waits for a reader that is slow; one that takes nothing is let go.
import type { WebSocket } from 'ws'
import type { Clock } from '../../base/clock.ts'
import { type JsonValue, toJsonText } from '../json-values.ts'
import { patienceMs } from '../patience.ts'

export interface OutboxOptions {
  readonly socket: WebSocket
  readonly clock: Clock
  /** Bytes that may wait for the reader; above it the socket is ended. */
  readonly maxQueuedBytes: number
  /** How long the reader may take nothing; one that reads slowly has more time for more. */
  readonly stallTimeoutMs: number
  /** As binary messages. */
  readonly isBinary: boolean
  /** Told why the reader is let go. */
  readonly onStalled: (reason: string) => void
}

/** Below it nobody waits. */
const comfortableBytes = 64 * 1024

export class Outbox {
  readonly #options: OutboxOptions

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /**
   * Sends one message with these entries. A promise: wait for it before the next; it settles when the reader has taken
   * enough, or is gone. Throws UnsendableError.
   */
  send(entries: readonly object[]): Promise<void> | undefined {
    const { socket, maxQueuedBytes, isBinary } = this.#options
    const text = toJsonText(entries.map(withNull), 'payload')
    if (socket.readyState !== socket.OPEN) return undefined
    if (socket.bufferedAmount > 0 && socket.bufferedAmount + text.length > maxQueuedBytes) {
      this.#stalled(`more than ${maxQueuedBytes} bytes wait for it`)
      return undefined
    }
    if (socket.bufferedAmount + text.length <= comfortableBytes) {
      // An error ends the socket, which its owner is told.
      socket.send(text, { binary: isBinary }, () => undefined)
      return undefined
    }
    return this.#sendAndWait(text)
  }

  #sendAndWait(text: string): Promise<void> {
    const { socket, clock, stallTimeoutMs, isBinary } = this.#options
    return new Promise((resolve) => {
      const limitMs = patienceMs(socket.bufferedAmount + text.length, stallTimeoutMs)
      const timer = clock.setTimer(() => this.#stalled('it takes next to nothing'), limitMs)
      // Called in any case, with an error when the socket has ended.
      socket.send(text, { binary: isBinary }, () => {
        timer.cancel()
        resolve()
      })
    })
  }

  #stalled(reason: string): void {
    this.#options.onStalled(reason)
    // A reader that takes nothing does not take a farewell.
    this.#options.socket.terminate()
  }
}

/** `{ Name: undefined }` would be `{}`, which names nothing. */
function withNull(entry: object): object {
  return Object.fromEntries(
    Object.entries(entry).map(([name, payload]): [string, JsonValue] => [name, payload ?? null]),
  )
}
