// The connections of a web port. A connection without a request, or with all its answers sent, is idle. When there are too
// many, the oldest idle one of the address with most is closed, else the oldest of its connections in use.
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
    // A request that is read again comes in as a connection again.
    if (this.#accounts.has(socket)) return
    const account = this.#places.take(socket)
    if (account !== undefined) this.#accounts.set(socket, account)
  }

  /** It has sent a request, or has become a WebSocket. */
  wake(socket: Socket): void {
    this.#accounts.get(socket)?.wake()
  }

  /** The account that the connection counts on. */
  accountOf(socket: Socket): Account | undefined {
    return this.#accounts.get(socket)
  }

  /** All its answers have left. */
  rest(socket: Socket): void {
    this.#accounts.get(socket)?.rest()
  }

  close(): void {
    this.#places.close()
  }
}
