// The messages of one socket, handled one after the other. While enough of them wait, the socket is not read: whoever
// sends faster than we work waits in its own socket.

import type { RawData, WebSocket } from 'ws'
import type { Meter } from '../../core/accounting/meter.ts'

const maxWaiting = 16
const maxWaitingBytes = 64 * 1024

export class MessageQueue {
  readonly #socket: WebSocket
  /** Must not reject. undefined: the message was no text. */
  readonly #handle: (text: string | undefined) => Promise<void>
  #waiting: RawData[] = []
  #waitingBytes = 0
  #isFinishing = false
  #isWorking = false
  readonly #whenIdle: (() => void)[] = []

  readonly #held: Meter

  /** The socket must be paused, so that nothing comes before `begin`. `held` counts what waits, for the client. */
  constructor(socket: WebSocket, handle: (text: string | undefined) => Promise<void>, held: Meter) {
    this.#socket = socket
    this.#handle = handle
    this.#held = held
  }

  begin(): void {
    this.#socket.on('message', (data: RawData) => {
      if (this.#isFinishing) return
      this.#waiting.push(data)
      this.#count(sizeOf(data))
      if (this.#isFull) this.#socket.pause()
      if (!this.#isWorking) void this.#work()
    })
    this.#socket.resume()
  }

  /** Drops what waits. Settles when the message that is being handled is done with. */
  async finish(): Promise<void> {
    this.#isFinishing = true
    this.#waiting = []
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
    for (let data = this.#waiting.shift(); data !== undefined; data = this.#waiting.shift()) {
      this.#count(-sizeOf(data))
      if (!this.#isFull && this.#socket.isPaused) this.#socket.resume()
      await this.#handle(textIn(data))
    }
    this.#isWorking = false
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }
}

function sizeOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((size, part) => size + part.byteLength, 0) : data.byteLength
}

/** Text or bytes of UTF-8: some clients send the one, some the other. */
function textIn(data: RawData): string | undefined {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : data
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
