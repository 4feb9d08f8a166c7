// The connections of a web port. A connection without an open request or WebSocket is idle. If there are too many, closes the oldest
// idle one of the address with the most, otherwise its oldest one in use.
import type { Socket } from 'node:net'
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import { SocketPlaces } from '../../core/link/socket-places.ts'

export class Connections {
  readonly #places: SocketPlaces
  readonly #accounts = new WeakMap<Socket, Account>()

  constructor(accounting: Accounting, max: number) {
    this.#places = new SocketPlaces(accounting, 'webConnections', max)
  }

  take(socket: Socket): void {
    // A connection is reported again when its request is read again.
    if (this.#accounts.has(socket)) return
    const account = this.#places.take(socket)
    if (account !== undefined) this.#accounts.set(socket, account)
  }

  /** Called when it has sent a request, or has become a WebSocket. */
  wake(socket: Socket): void {
    this.#accounts.get(socket)?.wake()
  }

  /** The account of the connection. */
  accountOf(socket: Socket): Account | undefined {
    return this.#accounts.get(socket)
  }

  /** Called when all its responses have been sent. */
  rest(socket: Socket): void {
    this.#accounts.get(socket)?.rest()
  }

  close(): void {
    this.#places.close()
  }
}
