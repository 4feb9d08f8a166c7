// Messages on their way to one client, in order, whether it is there or not. While it is away they are kept; while it
// does not read, whoever has more to say waits; and above a bound the client is given up.
import type { Meter } from '../../core/accounting/meter.ts'
import { setImmediate } from '../../core/base/platform-timers.ts'

/** What the outbox needs of a WebSocket. */
export interface OutSocket {
  /** `sent` is called when the bytes have left, or never will. */
  send(bytes: Buffer, options: { readonly binary: boolean }, sent: () => void): void
}

/** The socket of a client that is there. */
export interface ClientSocket extends OutSocket {
  close(code: number, reason: string): void
  terminate(): void
}

export interface OutboxOptions {
  /** Bytes that wait from which on `pushWhenRoom` waits. */
  readonly roomBytes: number
  /** Bytes that wait above which the client is given up. */
  readonly maxBytes: number
  readonly onOverflow: () => void
  /** Counts what waits, for the client. */
  readonly held?: Meter
}

interface Waiting {
  readonly make: () => string | undefined
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What a message costs beside its bytes, measured: else many small ones would take ten times what is allowed. */
const messageCostBytes = 512

/** After so many messages others get a turn: streams and links in memory know no other pause. */
const messagesPerTurn = 64

export class Outbox {
  readonly #options: OutboxOptions
  #socket: OutSocket | undefined
  #kept: Buffer[] = []
  readonly #waiting: Waiting[] = []
  #bytes = 0
  #turnCount = 0
  #sentCount = 0
  #isDiscarding = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Messages that have left; it grows while the client reads. */
  get sentCount(): number {
    return this.#sentCount
  }

  /** What has not left yet takes so much. */
  get waitingBytes(): number {
    return this.#bytes
  }

  /** Sends through this socket from now on: first `greeting`, then what was kept. */
  attach(socket: OutSocket, greeting: readonly string[] = []): void {
    if (this.#socket !== undefined) this.detach()
    this.#socket = socket
    const kept = this.#kept
    this.#kept = []
    this.#count(-this.#bytes)
    for (const text of greeting) this.push(text)
    for (const bytes of kept) this.#push(bytes)
    this.#goOn()
  }

  /** The socket is gone, with what was on its way. What comes now is kept. */
  detach(): void {
    this.#socket = undefined
    this.#count(-this.#bytes)
    this.#goOn()
  }

  /** Nobody will ever read it: what comes is dropped. */
  discard(): void {
    this.#isDiscarding = true
    this.#socket = undefined
    this.#kept = []
    this.#count(-this.#bytes)
    this.#goOn()
  }

  /** Sends it now, or keeps it. */
  push(text: string): void {
    if (!this.#isDiscarding) this.#push(Buffer.from(text))
  }

  /** Sends when there is room, first come, first served. Rejects with what `make` throws. */
  pushWhenRoom(make: () => string | undefined): Promise<void> {
    if (this.#waiting.length > 0 || !this.#hasRoom)
      return new Promise((resolve, reject) => this.#waiting.push({ make, resolve, reject }))
    try {
      this.#pushMade(make)
    } catch (error) {
      return Promise.reject(error)
    }
    return ++this.#turnCount % messagesPerTurn === 0 ? nextTurn() : Promise.resolve()
  }

  /** Settles when there is room. */
  room(): Promise<void> {
    return this.pushWhenRoom(() => undefined)
  }

  get #hasRoom(): boolean {
    return this.#isDiscarding || this.#bytes < this.#options.roomBytes
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#options.held?.change(bytes)
  }

  #pushMade(make: () => string | undefined): void {
    if (this.#isDiscarding) return
    const text = make()
    if (text !== undefined) this.push(text)
  }

  #push(bytes: Buffer): void {
    const cost = bytes.length + messageCostBytes
    this.#count(cost)
    if (this.#bytes > this.#options.maxBytes) {
      this.discard()
      this.#options.onOverflow()
      return
    }
    const socket = this.#socket
    if (socket === undefined) this.#kept.push(bytes)
    else socket.send(bytes, { binary: false }, () => this.#onSent(socket, cost))
  }

  #onSent(socket: OutSocket, cost: number): void {
    // The bytes of an earlier socket are counted no more.
    if (socket !== this.#socket) return
    this.#sentCount++
    this.#count(-cost)
    this.#goOn()
  }

  #goOn(): void {
    while (this.#waiting.length > 0 && this.#hasRoom) {
      const { make, resolve, reject } = this.#waiting.shift() as Waiting
      try {
        this.#pushMade(make)
        resolve()
      } catch (error) {
        reject(error)
      }
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
