// A socket whose client is behind a proxy, rather than its direct peer. Its `remoteAddress` and `remotePort` become the client's, so that
// accounts, logs and trust by address apply to the client.
import type { Socket } from 'node:net'
import type { ProxiedClient } from './proxy-header.ts'

const proxy = Symbol('proxy')

/** The direct peer of the connection. */
export interface SocketEnd {
  readonly address: string
  readonly port: number | undefined
  /** See `connectionKey`. */
  readonly key: string
}

interface ProxiedSocket {
  [proxy]?: SocketEnd
}

export function showClient(socket: Socket, { address, port }: ProxiedClient, by: SocketEnd): void {
  const shown = { remoteAddress: address, remotePort: port, remoteFamily: address.includes(':') ? 'IPv6' : 'IPv4' }
  // These are getters on the prototype.
  for (const [name, value] of Object.entries(shown)) Object.defineProperty(socket, name, { value, configurable: true })
  ;(socket as ProxiedSocket)[proxy] = by
}

/** The proxy's end; undefined if the peer is the client. */
export function proxyOf(socket: Socket): SocketEnd | undefined {
  return (socket as ProxiedSocket)[proxy]
}

/**
 * A key that is unique among the open connections of a port, and the same for a TLS socket as for the one below it. Meaningless once
 * the peer has gone; the connection is then about to close.
 */
export function connectionKey(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress } = socket
  return proxyOf(socket)?.key ?? `${remoteAddress} ${remotePort} ${localAddress}`
}
