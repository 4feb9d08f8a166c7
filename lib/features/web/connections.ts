// The connections of a web port. One that has sent no request yet, or has had all its answers, is idle: when there are too
// many, the oldest idle one goes of the address with most, else the oldest of its connections that are in use.
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
    // A request that is read once more comes in as a connection again.
    if (this.#accounts.has(socket)) return
    const account = this.#places.take(socket)
    if (account !== undefined) this.#accounts.set(socket, account)
  }

  /** It has sent a request, or has become a WebSocket. */
  wake(socket: Socket): void {
    this.#accounts.get(socket)?.wake()
  }

  /** What it counts for. */
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
