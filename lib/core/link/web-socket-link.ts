// A WebSocket of `ws` as a Link, at the server and at a client on Node. Its bytes are those of the binary messages, joined;
// message boundaries have no meaning.
import type { Socket } from 'node:net'
import type { RawData, WebSocket } from 'ws'
import { LinkError } from '../base/errors.ts'
import { clearTimeout, queueMicrotask, setTimeout } from '../base/platform-timers.ts'
import type { Link, LinkHandler, Peer } from './link.ts'
import { closeCodes, endOfCode, maxMessageBytes, pieces } from './web-socket-messages.ts'

/** How long a flushing close may wait for a peer that does not read. */
const flushLimitMs = 5_000

/** The `ws` options of both ends: no compression, and bounds on incomplete messages. */
export const webSocketBounds = {
  maxPayload: maxMessageBytes,
  maxFragments: 1_024,
  maxBufferedChunks: 16 * 1_024,
  perMessageDeflate: false,
  skipUTF8Validation: true,
  /** A flood of pings must not cause a flood of pongs: see `answerPings`. */
  autoPong: false,
} as const

export class WebSocketLink implements Link {
  readonly peer: Peer
  readonly #socket: WebSocket
  readonly #stream: Socket
  #handler: LinkHandler | undefined
  #error: Error | undefined
  /** The connection was closed without a close frame, as a system does when a process ends. */
  #hasEnded = false
  /** Data received before `open`. */
  #early: Uint8Array[] = []
  #isWaiting = false

  /** Takes ownership of the open socket, which answers pings; `stream` is the socket below it. */
  constructor(socket: WebSocket, stream: Socket, peer: Peer) {
    this.peer = peer
    this.#socket = socket
    this.#stream = stream
    stream.setNoDelay(true)
    stream.once('end', () => {
      this.#hasEnded = true
    })
    socket.binaryType = 'nodebuffer'
    socket.on('error', (error) => {
      this.#error = error
      // The peer may keep its socket open forever: `ws` reports the end only when the peer has closed it.
      this.#onEnd(error)
    })
    socket.on('message', this.#onMessage)
    // Browsers send this code for a page that was closed, reloaded or left; a lost network sends none.
    socket.on('close', (code, reason) => {
      const error = this.#error ?? (code === closeCodes.abnormal ? this.#abruptEnd : endOfCode(code, String(reason)))
      this.#onEnd(error, code === closeCodes.goingAway)
    })
  }

  open(handler: LinkHandler): void {
    this.#handler = handler
    const early = this.#early
    this.#early = []
    for (const chunk of early) this.#handler?.onBytes(chunk)
    if (this.#socket.readyState === this.#socket.CLOSED)
      queueMicrotask(() => this.#onEnd(this.#error ?? this.#abruptEnd))
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return true
    // One system call for all chunks.
    this.#stream.cork()
    for (const chunk of chunks) for (const piece of pieces(chunk)) socket.send(piece)
    this.#stream.uncork()
    if (!this.#stream.writableNeedDrain) return true
    if (!this.#isWaiting) this.#stream.once('drain', this.#onDrain)
    this.#isWaiting = true
    return false
  }

  readonly pause = (): void => this.#socket.pause()
  readonly resume = (): void => this.#socket.resume()

  close(how: 'flush' | 'abort'): Promise<void> {
    const socket = this.#socket
    this.#handler = undefined
    this.#early = []
    if (socket.readyState === socket.CLOSED) return Promise.resolve()
    // Keeps the process alive until the awaited close.
    this.#stream.ref()
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.terminate(), flushLimitMs)
      timer.unref()
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      if (how === 'abort') socket.terminate()
      else {
        // The peer's close frame must still be read.
        socket.resume()
        socket.close(closeCodes.done)
      }
    })
  }

  keepProcessAlive(keep: boolean): void {
    if (keep) this.#stream.ref()
    else this.#stream.unref()
  }

  readonly #onDrain = (): void => {
    this.#isWaiting = false
    this.#handler?.onDrain()
  }

  readonly #onMessage = (data: RawData, isBinary: boolean): void => {
    if (!isBinary) {
      this.#error = new LinkError('received a text message, expected binary')
      this.#socket.close(closeCodes.unsupported)
      this.#onEnd(this.#error)
    } else if (this.#handler !== undefined) this.#handler.onBytes(data as Buffer)
    else if (this.#socket.readyState === this.#socket.OPEN) this.#early.push(data as Buffer)
  }

  /** The error of a connection that ended without a close frame. */
  get #abruptEnd(): Error | undefined {
    return this.#hasEnded ? undefined : endOfCode(closeCodes.abnormal, '')
  }

  #onEnd(error: Error | undefined, isGone = false): void {
    const handler = this.#handler
    this.#handler = undefined
    handler?.onEnd(error, isGone)
    if (this.#socket.readyState !== this.#socket.CLOSED) void this.close('flush')
  }
}

/** Answers pings only once earlier ones are sent, so that they never pile up for a peer that does not read. */
export function answerPings(socket: WebSocket): void {
  socket.on('ping', (data) => {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount === 0) socket.pong(data)
  })
}
