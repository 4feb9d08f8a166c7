// Reads all sockets of this process into one buffer, instead of 64 KiB of new memory for each read. What was read is handled before
// the next read, so what is kept of it is copied. Not for TLS, whose sockets decrypt into memory of their own.
//
//   socket --> the buffer --> [SharedReads] --> SocketLink.received, with a view of the buffer
import { type OnReadOpts, Socket } from 'node:net'
import { nextTick } from '../base/platform-timers.ts'

/** As much as Node reads at a time. */
const bufferBytes = 64 * 1024
const buffer = Buffer.allocUnsafeSlow(bufferBytes)

export type Reader = (chunk: Uint8Array) => void

/** The reads of one socket. */
export class SharedReads {
  /** For the socket's constructor, or for `connect`. */
  readonly onread: OnReadOpts = { buffer, callback: (count) => this.#onRead(count) }
  #reader: Reader | undefined
  /** What arrived before there was a reader; nothing more is read meanwhile. */
  #early: Uint8Array | undefined

  /** Starts to pass on what arrives: a view that is valid until the next read. */
  open(socket: Socket, reader: Reader): void {
    this.#reader = reader
    const early = this.#early
    if (early === undefined) return
    this.#early = undefined
    // As a 'data' listener gets it: never while it is being added.
    nextTick(() => {
      reader(early)
      socket.resume()
    })
  }

  /** Whether to continue reading. */
  #onRead(count: number): boolean {
    const chunk = buffer.subarray(0, count)
    if (this.#reader === undefined) this.#early = new Uint8Array(chunk)
    else this.#reader(chunk)
    return this.#early === undefined
  }
}

/** A socket whose reads are shared; undefined if it reads by itself. */
export interface ReadSocket {
  readonly socket: Socket
  readonly reads: SharedReads | undefined
}

interface Handle {
  useUserBuffer?(buffer: Uint8Array): void
}

/**
 * Takes the connection out of a socket that a server has accepted and has not begun to read (`pauseOnConnect`). Node has no option for
 * what accepted sockets read into: this needs its undocumented `_handle`. Without that, the socket itself is returned.
 */
export function readTogether(accepted: Socket): ReadSocket {
  const holder = accepted as unknown as { _handle?: Handle | null }
  const handle = holder._handle
  if (typeof handle?.useUserBuffer !== 'function') return { socket: accepted, reads: undefined }
  const reads = new SharedReads()
  holder._handle = null
  const socket = new Socket({ handle, onread: reads.onread } as ConstructorParameters<typeof Socket>[0])
  // It is empty now; its server counts it until it is closed.
  accepted.destroy()
  return { socket, reads }
}
