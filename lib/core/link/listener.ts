// Listening for connected Links at an address, over TCP, TLS, Unix sockets and memory.
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from 'node:tls'
import type { Accounting } from '../accounting/accounting.ts'
import { runClean } from '../base/async-context.ts'
import { ServerError } from '../base/errors.ts'
import { setImmediate } from '../base/platform-timers.ts'
import { type Address, formatAddress, isWebAddress, type NamedAddress, type SocketAddress } from './address.ts'
import { boundHandshakes } from './handshakes.ts'
import type { Link } from './link.ts'
import type { MemoryNetwork } from './memory-network.ts'
import { type ProxyProtocol, readProxyHeaders } from './proxy-protocol.ts'
import { readTogether } from './shared-reads.ts'
import { SocketLink } from './socket-link.ts'
import { ownAccounting } from './socket-places.ts'
import { type BoundPath, closeAtPath, identifyPath, listenAtPath, prepareSocketDirectory } from './unix-path.ts'

/** The server's side of TLS. With `requestCert` and `ca`, clients may or must (`rejectUnauthorized`) show a certificate. */
export type ListenTls = Pick<
  TlsOptions,
  'key' | 'cert' | 'ca' | 'passphrase' | 'requestCert' | 'rejectUnauthorized' | 'minVersion'
>

/** The parts that may be renewed while a port listens. */
export type TlsRenewal = Pick<ListenTls, 'key' | 'cert' | 'ca' | 'passphrase'>

export interface ListenOptions {
  readonly tls?: ListenTls | undefined
  readonly network?: MemoryNetwork | undefined
  readonly allowSharedDirectory?: boolean | undefined
  /** Sockets that already listen, one for each address in order, to use instead of opening new ones. */
  readonly fds?: readonly number[] | undefined
  /** From the accepted connection to the finished TLS handshake. */
  readonly handshakeTimeoutMs: number
  /** Concurrent TLS handshakes. Above it, the oldest handshake of the address with the most is dropped. */
  readonly maxHandshakes: number
  /** For TCP and TLS. Default: no PROXY header is read. */
  readonly proxyProtocol?: ProxyProtocol | undefined
  /** Counts connections before they become links. Default: an accounting of its own. */
  readonly accounting?: Accounting | undefined
  onLink(link: Link): void
}

/** A port, path or name that accepts links. */
export interface Listener {
  /** With the actual port. */
  readonly address: Address
  /** The listening socket, for a process that takes it over; undefined if there is none. */
  readonly fd: number | undefined
  /** Presents another certificate to new connections. Omitted without TLS. The argument must have been checked. */
  readonly renewTls?: (tls: ListenTls) => void
  /**
   * Accepts no more links. Settles when the address is free; immediately if another process also has the socket and keeps
   * the address. Accepted links stay.
   */
  close(keepsAddress?: boolean): Promise<void>
}

/** Listens at all addresses, or at none. Throws as `listen`. */
export async function listenAll(addresses: readonly Address[], options: ListenOptions): Promise<Listener[]> {
  const listeners: Listener[] = []
  try {
    for (const [i, address] of addresses.entries()) {
      // Accepted links must not inherit the context of the caller of listen, as they would by default.
      listeners.push(await runClean(() => listen(address, options, options.fds?.[i]), undefined))
    }
    return listeners
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()))
    throw error
  }
}

/** @throws ServerError: `ADDRESS_IN_USE` that names the address, or `LISTEN_FAILED`. */
export async function listen(address: Address, options: ListenOptions, fd?: number): Promise<Listener> {
  if ('name' in address) return listenInMemory(address, options)
  if (isWebAddress(address)) {
    const message = `${formatAddress(address)} is for browsers: use listenWeb(server, { port: ${address.port} })`
    throw new ServerError(message, { code: 'LISTEN_FAILED' })
  }
  if (address.transport === 'unix' && fd === undefined)
    prepareSocketDirectory(address.path, options.allowSharedDirectory ?? false)
  const server = createSocketServer(address, options)
  const closeWaiting = address.transport === 'unix' ? undefined : awaitProxies(server, options)
  try {
    if (fd !== undefined) await begin(server, { fd })
    else if (address.transport === 'unix') await listenAtPath(address.path, () => begin(server, { path: address.path }))
    // localhost may be ::1 or 127.0.0.1; a client that tries one would miss a server on the other.
    else await begin(server, { host: address.host === 'localhost' ? '127.0.0.1' : address.host, port: address.port })
  } catch (cause) {
    throw listenError(address, cause)
  }
  const isInherited = fd !== undefined
  const place =
    address.transport === 'unix' ? { path: address.path, identity: identifyPath(address.path), isInherited } : undefined
  return {
    address: boundAddress(address, server),
    get fd() {
      // Undocumented, but always present in Node; without it there is nothing to hand over.
      return (server as { _handle?: { fd?: number } | null })._handle?.fd
    },
    ...('setSecureContext' in server
      ? { renewTls: (tls: ListenTls) => (server as TlsServer).setSecureContext(tls) }
      : {}),
    close: (keepsAddress = false) => {
      closeWaiting?.()
      return closeServer(server, place, keepsAddress)
    },
  }
}

function createSocketServer(address: SocketAddress, options: ListenOptions): NetServer {
  const onSocket = (socket: Socket): void => options.onLink(new SocketLink(socket))
  if (address.transport !== 'tls') {
    // The reader of PROXY headers reads the socket itself.
    if (options.proxyProtocol !== undefined) return createServer({ noDelay: true }, onSocket)
    return createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
      const { socket, reads } = readTogether(accepted)
      options.onLink(new SocketLink(socket, reads))
    })
  }
  if (options.tls === undefined) {
    throw new ServerError(`${formatAddress(address)} needs the option tls: { key, cert }`, { code: 'LISTEN_FAILED' })
  }
  const tls = { ...options.tls, handshakeTimeout: options.handshakeTimeoutMs, noDelay: true }
  const server = createTlsServer(tls, onSocket)
  boundHandshakes(server, options.accounting ?? ownAccounting(), options.maxHandshakes)
  return server
}

function awaitProxies(server: NetServer, options: ListenOptions): (() => void) | undefined {
  const { proxyProtocol, handshakeTimeoutMs: timeoutMs, maxHandshakes: maxWaiting } = options
  if (proxyProtocol === undefined) return undefined
  const accounting = options.accounting ?? ownAccounting()
  return readProxyHeaders(server, { ...proxyProtocol, timeoutMs, maxWaiting, accounting })
}

type ListenPlace = { host: string; port: number } | { path: string } | { fd: number }

function begin(server: NetServer, where: ListenPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.removeListener('error', reject)
      // Errors of accept() (too many open files) pass; the listener continues.
      server.on('error', () => undefined)
      resolve()
    })
  })
}

function closeServer(server: NetServer, place: BoundPath | undefined, keepsAddress: boolean): Promise<void> {
  // Node frees the address immediately, but calls back only when the last connection has ended. This does not wait for that.
  return new Promise((resolve) => {
    if (!server.listening) return resolve()
    if (place === undefined) server.close()
    else closeAtPath(server, place, keepsAddress)
    setImmediate(resolve)
  })
}

function boundAddress(address: SocketAddress, server: NetServer): Address {
  if (address.transport === 'unix') return address
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
  return { ...address, port }
}

function listenInMemory(address: NamedAddress, options: ListenOptions): Listener {
  if (options.network === undefined) {
    throw new ServerError(`${formatAddress(address)} needs the option network: a MemoryNetwork`, {
      code: 'LISTEN_FAILED',
    })
  }
  const stop = options.network.listen(address.name, (link) => options.onLink(link))
  return {
    address,
    fd: undefined,
    close: async () => stop(),
  }
}

function listenError(address: Address, cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new ServerError(`${formatAddress(address)} is in use; stop what listens there, or use another port`, {
      code: 'ADDRESS_IN_USE',
      cause,
    })
  }
  return new ServerError(`cannot listen at ${formatAddress(address)}: ${message}`, { code: 'LISTEN_FAILED', cause })
}
