// A socket whose client is not its peer, but behind the proxy that it comes from. From then on `remoteAddress` and `remotePort` are the
// client's, so that accounts, logs and trust by address mean the client.
import type { Socket } from 'node:net'
import type { ProxiedClient } from './proxy-header.ts'

const proxy = Symbol('proxy')

/** The other end of the connection itself. */
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
  // They are getters of the prototype.
  for (const [name, value] of Object.entries(shown)) Object.defineProperty(socket, name, { value, configurable: true })
  ;(socket as ProxiedSocket)[proxy] = by
}

/** undefined: the peer is the client. */
export function proxyOf(socket: Socket): SocketEnd | undefined {
  return (socket as ProxiedSocket)[proxy]
}

/**
 * Of no other connection of a port at the same time, and the same for a TLS socket as for the one below it. Of one whose peer has gone
 * nothing is known; it is about to close.
 */
export function connectionKey(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress } = socket
  return proxyOf(socket)?.key ?? `${remoteAddress} ${remotePort} ${localAddress}`
}
