// The proxies in front of a port that begin each connection with a PROXY header. Holds back their connections until the header has
// arrived, then presents the client that it names. Leaves parsing to proxy-header.ts.
import type { Server as NetServer, Socket } from 'node:net'
import type { Accounting } from '../accounting/accounting.ts'
import { clearTimeout, setTimeout } from '../base/platform-timers.ts'
import { isLoopback } from './address.ts'
import { connectionKey, type SocketEnd, showClient } from './proxied-socket.ts'
import { type ProxiedClient, readProxyHeader } from './proxy-header.ts'
import { SocketPlaces } from './socket-places.ts'

/** The proxies whose headers a port reads. */
export interface ProxyProtocol {
  /** Whether connections from this address must begin with a header. Other connections are not searched for one. */
  readonly isProxy: (address: string) => boolean
  /** Called when a connection was closed because its header is missing or malformed. */
  readonly onRefused: (peer: string, reason: string) => void
}

export interface ProxyProtocolOptions extends ProxyProtocol {
  /** From the accepted connection to the end of its header. */
  readonly timeoutMs: number
  /** Connections whose header has not arrived. Above it, the oldest connection of the address with the most is closed. */
  readonly maxWaiting: number
  readonly accounting: Accounting
}

/** Reads the headers of connections to a server that does not listen yet. Returns a function that closes the connections still without one. */
export function readProxyHeaders(server: NetServer, options: ProxyProtocolOptions): () => void {
  const reader = new ProxyHeaderReader(server, options)
  return () => reader.close()
}

interface Shown {
  readonly client: ProxiedClient
  readonly by: SocketEnd
}

class ProxyHeaderReader {
  readonly #options: ProxyProtocolOptions
  readonly #isTls: boolean
  readonly #passOn: (event: string, ...args: unknown[]) => boolean
  /** Sockets already passed on. Some are emitted twice, such as those whose upgrade is not accepted. */
  readonly #passed = new WeakSet<Socket>()
  readonly #waiting = new Set<Socket>()
  /** Those with an unfinished TLS handshake, by `connectionKey`: after it, the connection is a different object. */
  readonly #behindTls = new Map<string, Shown>()
  /** Set while the server listens. */
  #places: SocketPlaces | undefined

  constructor(server: NetServer, options: ProxyProtocolOptions) {
    this.#options = options
    this.#isTls = 'setSecureContext' in server
    this.#passOn = server.emit.bind(server)
    server.once('listening', () => {
      this.#places = new SocketPlaces(options.accounting, 'proxyHeaders', options.maxWaiting)
    })
    server.once('close', () => this.#places?.close())
    // Node has no hook between accept and 'connection', and listeners of 'connection' must see a connection only after its header.
    server.emit = (event: string, ...args: unknown[]): boolean => {
      const socket = args[0] as Socket
      if (event === 'connection' && !this.#passed.has(socket)) return this.#enter(socket)
      if (event === 'secureConnection' && !this.#showBehindTls(socket)) return false
      return this.#passOn(event, ...args)
    }
  }

  close(): void {
    for (const socket of this.#waiting) socket.destroy()
  }

  #enter(socket: Socket): boolean {
    const { remoteAddress, remotePort } = socket
    // The peer has gone, so its address is unknown.
    if (remoteAddress === undefined) socket.destroy()
    else if (this.#options.isProxy(remoteAddress))
      this.#await(socket, { address: remoteAddress, port: remotePort, key: connectionKey(socket) })
    else this.#pass(socket)
    return true
  }

  #await(socket: Socket, by: SocketEnd): void {
    const places = this.#places
    const account = places?.take(socket)
    if (places === undefined || account === undefined) return void socket.destroy()
    const { timeoutMs } = this.#options
    let bytes: Buffer = Buffer.alloc(0)
    const settle = (): void => {
      clearTimeout(timer)
      this.#waiting.delete(socket)
      places.leave(account)
      socket.off('readable', onReadable).off('end', onEnd).off('close', settle).off('error', ignore)
    }
    const refuse = (reason: string): void => {
      settle()
      socket.on('error', ignore).destroy()
      const host = by.address.includes(':') ? `[${by.address}]` : by.address
      this.#options.onRefused(`${host}:${by.port}`, reason)
    }
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      const reading = readProxyHeader(bytes)
      if (reading.state === 'broken') return refuse(reading.reason)
      if (reading.state === 'incomplete') return
      settle()
      if (bytes.length > reading.length) socket.unshift(bytes.subarray(reading.length))
      this.#show(socket, reading.client, by)
      this.#pass(socket)
    }
    // Load balancers check whether a port is open: they connect, and close without sending anything.
    const onEnd = (): unknown => (bytes.length === 0 ? socket.destroy() : refuse('it was truncated'))
    const timer = setTimeout(() => refuse(`it did not arrive within ${timeoutMs} ms`), timeoutMs)
    timer.unref()
    this.#waiting.add(socket)
    socket.on('error', ignore).on('close', settle).on('end', onEnd).on('readable', onReadable)
  }

  #show(socket: Socket, client: ProxiedClient | undefined, by: SocketEnd): void {
    // A loopback address means the proxy's machine. It is trusted only if that is this machine.
    if (client === undefined || (isLoopback(client.address) && !isLoopback(by.address))) return
    showClient(socket, client, by)
    if (!this.#isTls) return
    const shown = { client, by }
    this.#behindTls.set(by.key, shown)
    socket.once('close', () => {
      if (this.#behindTls.get(by.key) === shown) this.#behindTls.delete(by.key)
    })
  }

  /** Returns false if its client can no longer be determined. */
  #showBehindTls(socket: Socket): boolean {
    if (socket.remoteAddress === undefined) {
      socket.on('error', ignore).destroy()
      return false
    }
    const key = connectionKey(socket)
    const shown = this.#behindTls.get(key)
    this.#behindTls.delete(key)
    if (shown !== undefined) showClient(socket, shown.client, shown.by)
    return true
  }

  #pass(socket: Socket): void {
    this.#passed.add(socket)
    this.#passOn('connection', socket)
  }
}

function ignore(): void {
  // Its close event is enough.
}
