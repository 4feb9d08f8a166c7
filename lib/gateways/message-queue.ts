// The messages of one socket, handled one after the other. While too many wait, the socket is not read: the messages of a
// client that sends too fast wait in its own socket.
import type { RawData, WebSocket } from 'ws'
import type { Meter } from '../core/accounting/meter.ts'
import { Queue } from '../core/base/queue.ts'

const maxWaiting = 16
const maxWaitingBytes = 64 * 1024

export interface SocketMessage {
  readonly bytes: Buffer
  readonly isBinary: boolean
}

export class MessageQueue {
  readonly #socket: WebSocket
  readonly #handle: (message: SocketMessage) => Promise<void> | undefined
  readonly #held: Meter
  readonly #waiting = new Queue<SocketMessage>()
  readonly #whenIdle: (() => void)[] = []
  #waitingBytes = 0
  #isFinishing = false
  #isWorking = false

  /**
   * @param handle may return a promise, which must not reject; the next message waits for it.
   * @param held counts what waits, for the client's account.
   */
  constructor(socket: WebSocket, handle: (message: SocketMessage) => Promise<void> | undefined, held: Meter) {
    this.#socket = socket
    this.#handle = handle
    this.#held = held
  }

  /** Starts reading a paused socket. Messages before this call were lost. */
  begin(): void {
    this.#socket.on('message', (data: RawData, isBinary: boolean) => this.add({ bytes: bytesOf(data), isBinary }))
    if (this.#socket.isPaused) this.#socket.resume()
  }

  add(message: SocketMessage): void {
    if (this.#isFinishing) return
    this.#waiting.add(message)
    this.#count(message.bytes.length)
    if (!this.#isWorking) void this.#work()
    if (this.#isFull) this.#socket.pause()
  }

  /** Drops what waits. Settles when the current message has been handled. */
  async finish(): Promise<void> {
    this.#isFinishing = true
    this.#waiting.takeAll()
    this.#count(-this.#waitingBytes)
    if (this.#isWorking) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  get #isFull(): boolean {
    return this.#waiting.length >= maxWaiting || this.#waitingBytes >= maxWaitingBytes
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes
    this.#held.change(bytes)
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    for (let message = this.#waiting.take(); message !== undefined; message = this.#waiting.take()) {
      this.#count(-message.bytes.length)
      if (!this.#isFull && this.#socket.isPaused) this.#socket.resume()
      const handled = this.#handle(message)
      if (handled !== undefined) await handled
    }
    this.#isWorking = false
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data)
}
