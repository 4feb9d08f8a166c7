// A net.Socket, a tls.TLSSocket or a Unix socket as a Link. The only file that knows their events.
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { clearTimeout, queueMicrotask, setTimeout } from '../base/platform-timers.ts'
import { isLoopback } from './address.ts'
import type { Link, LinkHandler, Peer } from './link.ts'
import { certificateOf } from './peer-certificate.ts'
import { proxyOf } from './proxied-socket.ts'
import type { SharedReads } from './shared-reads.ts'

/** How long a flushing close may wait for a peer that does not read. */
const flushLimitMs = 5_000

/** Wraps a connected socket and takes ownership of it. `reads`: those that the socket was made with, if any. */
export class SocketLink implements Link {
  readonly peer: Peer
  readonly #socket: Socket
  readonly #reads: SharedReads | undefined
  #handler: LinkHandler | undefined
  #error: Error | undefined

  constructor(socket: Socket, reads?: SharedReads, peer = peerOf(socket)) {
    this.#socket = socket
    this.#reads = reads
    this.peer = peer
    socket.setNoDelay(true)
    owned(socket)[owner] = this
    // Added first, so that no socket error is ever unhandled.
    socket.on('error', onError)
  }

  open(handler: LinkHandler): void {
    const socket = this.#socket
    this.#handler = handler
    if (this.#reads === undefined) socket.on('data', onData)
    else this.#reads.open(socket, (chunk) => this.received(chunk))
    socket.on('drain', onDrain)
    socket.on('end', onEnd)
    socket.on('close', onClose)
    if (socket.destroyed) queueMicrotask(() => this.ended(this.#error))
  }

  /** Records the socket's error, which is reported when it closes. */
  failed(error: Error): void {
    this.#error = error
  }

  received(chunk: Uint8Array): void {
    this.#handler?.onBytes(chunk)
  }

  drained(): void {
    this.#handler?.onDrain()
  }

  closed(): void {
    this.ended(this.#error)
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    if (chunks.length === 1) return socket.write(chunks[0] as Uint8Array)
    socket.cork()
    let isTaken = true
    for (const chunk of chunks) isTaken = socket.write(chunk)
    socket.uncork()
    return isTaken && !socket.writableNeedDrain
  }

  unsentBytes(): number {
    return this.#socket.writableLength
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(how: 'flush' | 'abort'): Promise<void> {
    const socket = this.#socket
    this.#handler = undefined
    if (socket.closed) return Promise.resolve()
    // Keeps the process alive until the awaited close: Node ends a process whose last sockets are unref'd, with exit code 13.
    socket.ref()
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), flushLimitMs)
      timer.unref()
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      if (how === 'abort') socket.destroy()
      // Continues to read, so that a peer that is still sending is not reset before it got our last bytes.
      else socket.resume().end()
    })
  }

  keepProcessAlive(keep: boolean): void {
    if (keep) this.#socket.ref()
    else this.#socket.unref()
  }

  ended(error: Error | undefined): void {
    const handler = this.#handler
    this.#handler = undefined
    handler?.onEnd(error)
    if (!this.#socket.closed) void this.close('flush')
  }
}

/** The link of a socket, for listeners that all sockets share: five closures for each would take a third of a link's memory. */
const owner = Symbol('link')

interface OwnedSocket {
  [owner]: SocketLink
}

function owned(socket: Socket): OwnedSocket {
  return socket as unknown as OwnedSocket
}

function onError(this: Socket, error: Error): void {
  owned(this)[owner].failed(error)
}

function onData(this: Socket, chunk: Buffer): void {
  owned(this)[owner].received(chunk)
}

function onDrain(this: Socket): void {
  owned(this)[owner].drained()
}

function onEnd(this: Socket): void {
  owned(this)[owner].ended(undefined)
}

function onClose(this: Socket): void {
  owned(this)[owner].closed()
}

function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress
  if (address === undefined) return { transport: 'unix', description: 'unix socket', isPrivate: true }
  const proxy = proxyOf(socket)
  const own = endText(address, socket.remotePort)
  const description = proxy === undefined ? own : `${own} by ${endText(proxy.address, proxy.port)}`
  if (!(socket instanceof TLSSocket)) return { transport: 'tcp', description, address, isPrivate: isLoopback(address) }
  const certificate = certificateOf(socket)
  const base = { transport: 'tls', description, address, isPrivate: true } as const
  return certificate === undefined ? base : { ...base, certificate }
}

function endText(address: string, port: number | undefined): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}
