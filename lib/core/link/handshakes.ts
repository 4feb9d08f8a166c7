// Bounds the unfinished TLS handshakes of a port: the most expensive work that strangers can request.
import type { Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { Account } from '../accounting/account.ts'
import type { Accounting } from '../accounting/accounting.ts'
import { connectionKey } from './proxied-socket.ts'
import { SocketPlaces } from './socket-places.ts'

/** Bounds a server's handshakes, fairly by address, while it listens. Closes the sockets of failed ones. */
export function boundHandshakes(server: TlsServer, accounting: Accounting, max: number): void {
  server.once('listening', () => bound(server, accounting, max))
}

function bound(server: TlsServer, accounting: Accounting, max: number): void {
  const places = new SocketPlaces(accounting, 'tlsHandshakes', max)
  /** By peer: after the handshake, the connection is a different object. */
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
