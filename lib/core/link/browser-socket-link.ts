// The WebSocket of a browser (or of Deno, or a worker) as a Link. Uses no Node APIs. A browser does not report
// when written data has been sent, so the buffered amount is polled while it is large.
import { LinkError } from '../base/errors.ts'
import { clearTimeout, queueMicrotask, setTimeout } from '../base/platform-timers.ts'
import type { Link, LinkHandler, Peer } from './link.ts'
import { closeCodes, endOfCode, pieces } from './web-socket-messages.ts'

/** The part of the browser's WebSocket that this link uses. */
export interface BrowserSocket {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(data: Uint8Array): void
  close(code?: number): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
}

/** Buffered bytes above which writers should wait. */
const highWaterBytes = 1024 * 1024
/** How often the buffered amount is polled. */
const pollMs = 10
/** How long a flushing close may wait for a peer that does not answer. */
const flushLimitMs = 5_000
const open = 1
const closed = 3

export class BrowserSocketLink implements Link {
  readonly peer: Peer
  readonly #socket: BrowserSocket
  #handler: LinkHandler | undefined
  /** Data received before `open`. */
  #early: Uint8Array[] = []
  #drainTimer: ReturnType<typeof setTimeout> | undefined
  /** Called when the socket is closed or abandoned. */
  #whenReleased: (() => void)[] = []
  #end: { readonly error: Error | undefined } | undefined

  /** Owns the open socket from now on. */
  constructor(socket: BrowserSocket, peer: Peer) {
    this.peer = peer
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }) => this.#onMessage(data))
    socket.addEventListener('close', ({ code, reason }) => this.#onClose(code, reason))
  }

  open(handler: LinkHandler): void {
    this.#handler = handler
    const early = this.#early
    this.#early = []
    for (const chunk of early) this.#handler?.onBytes(chunk)
    const end = this.#end
    if (end !== undefined) queueMicrotask(() => this.#reportEnd(end.error))
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    if (socket.readyState !== open) return true
    for (const chunk of chunks) for (const piece of pieces(chunk)) socket.send(piece)
    if (socket.bufferedAmount <= highWaterBytes) return true
    this.#drainTimer ??= setTimeout(this.#poll, pollMs)
    return false
  }

  /** A browser cannot end a socket immediately: 'abort' merely does not wait for it. */
  close(how: 'flush' | 'abort'): Promise<void> {
    this.#handler = undefined
    this.#early = []
    clearTimeout(this.#drainTimer)
    if (this.#socket.readyState === closed) return Promise.resolve()
    this.#socket.close(closeCodes.done)
    if (how === 'abort') return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, flushLimitMs)
      this.#whenReleased.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  keepProcessAlive(): void {
    // A page lives until its user leaves it.
  }

  readonly #poll = (): void => {
    clearTimeout(this.#drainTimer)
    this.#drainTimer = undefined
    if (this.#socket.readyState !== open) return
    if (this.#socket.bufferedAmount > highWaterBytes / 2) this.#drainTimer = setTimeout(this.#poll, pollMs)
    else this.#handler?.onDrain()
  }

  #onMessage(data: unknown): void {
    // A hidden page gets its timers once a minute, but its messages immediately.
    if (this.#drainTimer !== undefined) this.#poll()
    if (!(data instanceof ArrayBuffer)) {
      this.#reportEnd(new LinkError('received a text message, expected binary'))
      this.#socket.close(closeCodes.done)
    } else if (this.#handler !== undefined) this.#handler.onBytes(new Uint8Array(data))
    else if (this.#socket.readyState === open && this.#end === undefined) this.#early.push(new Uint8Array(data))
  }

  #onClose(code: number, reason: string): void {
    this.#reportEnd(endOfCode(code, reason))
    const listeners = this.#whenReleased
    this.#whenReleased = []
    for (const onReleased of listeners) onReleased()
  }

  #reportEnd(error: Error | undefined): void {
    this.#end ??= { error }
    clearTimeout(this.#drainTimer)
    const handler = this.#handler
    this.#handler = undefined
    handler?.onEnd(error)
  }
}
