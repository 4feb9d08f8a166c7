// A MessagePort as a Link: of worker threads, of Electron, of frames and workers in browsers. Uses no Node APIs. A port has
// no backpressure and, on some platforms, no close event, so both are sent as messages:
//
//   Uint8Array         bytes; their order is all that counts
//   a number           credit: the receiver has taken messages of this cost (their bytes, and 256 for each)
//   'end' or 'abort'   the sender writes no more; 'end' is answered with 'end', then both sides close the port
import { LinkError } from '../base/errors.ts'
import { clearTimeout, queueMicrotask, setTimeout } from '../base/platform-timers.ts'
import type { Link, LinkHandler, Peer } from './link.ts'

/** A MessagePort of a browser or of worker threads, or a MessagePortMain of Electron. */
export interface MessagePortLike {
  postMessage(message: unknown, transfer?: never): void
  start(): void
  close(): void
}

type PortListener = (event: { readonly data: unknown }) => void

/** Methods that only some kinds of ports have. */
interface AnyPort {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void
  start(): void
  close(): void
  addEventListener?(type: string, listener: PortListener): void
  removeEventListener?(type: string, listener: PortListener): void
  on?(type: string, listener: PortListener): void
  off?(type: string, listener: PortListener): void
  ref?(): void
  unref?(): void
}

/** The total cost of messages in transit before the sender waits for credit. The last message may exceed it. */
export const windowCost = 1024 * 1024
/** The largest message, in bytes. */
export const maxPieceBytes = 256 * 1024
/** The fixed cost of a message besides its bytes, which limits a flood of tiny ones too. */
export const messageCost = 256
/** How much credit is returned at a time. */
const creditCost = windowCost / 4
/** How long a flushing close may wait for a peer that does not read or answer. */
const flushLimitMs = 5_000

export class PortLink implements Link {
  readonly peer: Peer
  readonly #port: AnyPort
  #state: 'open' | 'closing' | 'closed' = 'open'
  #handler: LinkHandler | undefined
  /** Received while paused. */
  #unread: Uint8Array[] = []
  #unreadCost = 0
  #isPaused = false
  /** The cost of messages delivered but not yet credited to the peer. */
  #takenCost = 0
  /** Written, and waiting for credit. */
  #unsent: Uint8Array[] = []
  /** The cost of messages posted but not yet credited by the peer. */
  #sentCost = 0
  /** The peer's end, which is reported when everything before it was read. */
  #end: { readonly error: Error | undefined } | undefined
  #hasPostedEnd = false
  #isStarted = false
  readonly #listeners: [type: string, listener: PortListener][] = []
  #flushTimer: ReturnType<typeof setTimeout> | undefined
  #whenReleased: (() => void)[] = []

  /** Takes ownership of the port, which nothing else may have started. */
  constructor(port: MessagePortLike, peer: Peer) {
    this.peer = peer
    this.#port = port as unknown as AnyPort
    this.#listen('close', this.#onClose)
  }

  open(handler: LinkHandler): void {
    this.#handler = handler
    this.#start()
    if (this.#end !== undefined) queueMicrotask(this.#endIfRead)
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#state !== 'open') return true
    this.#unsent.push(...chunks)
    this.#send()
    return this.#unsent.length === 0
  }

  readonly pause = (): void => {
    this.#isPaused = true
  }

  readonly resume = (): void => {
    this.#isPaused = false
    const unread = this.#unread
    this.#unread = []
    this.#unreadCost = 0
    for (const bytes of unread) this.#receive(bytes)
    this.#endIfRead()
  }

  close(how: 'flush' | 'abort'): Promise<void> {
    this.#handler = undefined
    this.#unread = []
    if (this.#state === 'closed') return Promise.resolve()
    if (how === 'abort' || this.#end !== undefined) {
      this.#post(how === 'abort' ? 'abort' : 'end')
      this.#release()
      return Promise.resolve()
    }
    if (this.#state === 'open') {
      this.#state = 'closing'
      this.#flushTimer = setTimeout(this.#release, flushLimitMs)
      // A link that was never opened must receive the answer too.
      this.#start()
      this.#port.ref?.()
      this.#send()
    }
    return new Promise((resolve) => this.#whenReleased.push(resolve))
  }

  keepProcessAlive(keep: boolean): void {
    if (keep) this.#port.ref?.()
    else this.#port.unref?.()
  }

  /** Posts what the peer has room for, copied into memory of its own: transferring a view would transfer its whole buffer. */
  #send(): void {
    while (this.#unsent.length > 0 && this.#sentCost < windowCost) {
      const piece = this.#nextPiece()
      this.#sentCost += piece.length + messageCost
      // Electron transfers only ports.
      if (this.#port.addEventListener === undefined) this.#port.postMessage(piece)
      else this.#port.postMessage(piece, [piece.buffer])
    }
    if (this.#state !== 'closing' || this.#hasPostedEnd || this.#unsent.length > 0) return
    this.#hasPostedEnd = true
    this.#post('end')
  }

  #nextPiece(): Uint8Array<ArrayBuffer> {
    const unsent = this.#unsent
    let size = 0
    let count = 0
    while (count < unsent.length && size < maxPieceBytes) size += (unsent[count++] as Uint8Array).length
    const piece = new Uint8Array(Math.min(size, maxPieceBytes))
    const chunks = unsent.splice(0, count)
    let at = 0
    for (const chunk of chunks) {
      const fitting = chunk.subarray(0, piece.length - at)
      piece.set(fitting, at)
      at += fitting.length
      if (fitting.length < chunk.length) unsent.unshift(chunk.subarray(fitting.length))
    }
    return piece
  }

  #post(message: number | 'end' | 'abort'): void {
    this.#port.postMessage(message)
  }

  readonly #onMessage: PortListener = ({ data }) => {
    if (this.#state === 'closed') return
    if (typeof data === 'number') this.#onCredit(data)
    else if (ArrayBuffer.isView(data))
      this.#receive(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength))
    else if (data === 'end') this.#onPeerEnd()
    else this.#fail(data === 'abort' ? 'the peer aborted the link' : 'received a message that is not of an isock link')
  }

  readonly #onClose = (): void => this.#fail('the port was closed')
  readonly #onUnreadable = (): void => this.#fail('received a message that cannot be read')

  #receive(bytes: Uint8Array): void {
    const cost = bytes.length + messageCost
    if (this.#isPaused && this.#handler !== undefined) {
      this.#unread.push(bytes)
      this.#unreadCost += cost
      if (this.#unreadCost > windowCost + maxPieceBytes + messageCost) this.#fail('the peer sends without credit')
      return
    }
    this.#handler?.onBytes(bytes)
    this.#takenCost += cost
    if (this.#takenCost < creditCost || this.#state === 'closed') return
    this.#post(this.#takenCost)
    this.#takenCost = 0
  }

  #onCredit(cost: number): void {
    if (!(cost >= 0 && cost <= this.#sentCost)) return this.#fail('the peer credits more than was sent')
    this.#sentCost -= cost
    if (this.#unsent.length === 0) return
    this.#send()
    if (this.#unsent.length === 0) this.#handler?.onDrain()
  }

  #onPeerEnd(): void {
    if (this.#state === 'closing') {
      this.#post('end')
      this.#release()
      return
    }
    this.#end ??= { error: undefined }
    this.#endIfRead()
  }

  /** Ends the link immediately and drops unread messages. The first reason wins. */
  #fail(message: string): void {
    if (this.#end !== undefined && this.#handler !== undefined) return
    this.#end ??= { error: new LinkError(message) }
    this.#unread = []
    this.#endIfRead()
  }

  readonly #endIfRead = (): void => {
    if (this.#end === undefined || this.#unread.length > 0 || this.#state === 'closed') return
    const handler = this.#handler
    if (handler === undefined && this.#state === 'open') return
    this.#handler = undefined
    this.#post(this.#end.error === undefined ? 'end' : 'abort')
    this.#release()
    handler?.onEnd(this.#end.error)
  }

  readonly #release = (): void => {
    this.#state = 'closed'
    this.#unsent = []
    clearTimeout(this.#flushTimer)
    for (const [type, listener] of this.#listeners.splice(0))
      (this.#port.removeEventListener ?? this.#port.off)?.call(this.#port, type, listener)
    this.#port.close()
    const waiting = this.#whenReleased
    this.#whenReleased = []
    for (const resolve of waiting) resolve()
  }

  /** Until then the port buffers what arrives. A Node port starts with its first listener. */
  #start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#listen('message', this.#onMessage)
    this.#listen('messageerror', this.#onUnreadable)
    this.#port.start()
  }

  #listen(type: string, listener: PortListener): void {
    this.#listeners.push([type, listener])
    const port = this.#port
    const listen = port.addEventListener ?? port.on
    listen?.call(port, type, listener)
  }
}
