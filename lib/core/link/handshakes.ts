// Limits the unfinished TLS handshakes of a port: the most expensive work that unauthenticated peers can cause.
import type { Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { Account } from '../accounting/account.ts'
import type { Accounting } from '../accounting/accounting.ts'
import { connectionKey } from './proxied-socket.ts'
import { SocketPlaces } from './socket-places.ts'

/** Limits a server's concurrent handshakes, shared fairly by address. Closes the sockets of failed handshakes. */
export function boundHandshakes(server: TlsServer, accounting: Accounting, max: number): void {
  server.once('listening', () => bound(server, accounting, max))
}

function bound(server: TlsServer, accounting: Accounting, max: number): void {
  const places = new SocketPlaces(accounting, 'tlsHandshakes', max)
  /** By peer, because the connection is a different object after the handshake. */
  const open = new Map<string, Account>()
  const end = (peer: string, account: Account | undefined): void => {
    if (account === undefined) return
    if (open.get(peer) === account) open.delete(peer)
    places.leave(account)
  }
  server.on('connection', (socket: Socket) => {
    const account = places.take(socket)
    if (account === undefined) return
    const peer = connectionKey(socket)
    open.set(peer, account)
    socket.once('close', () => end(peer, account))
  })
  server.on('secureConnection', (socket) => {
    const peer = connectionKey(socket)
    end(peer, open.get(peer))
  })
  // A failed handshake concerns only that client; its socket must not outlive it.
  server.on('tlsClientError', (_error, socket) => void socket.destroy())
  server.on('close', () => places.close())
}
