// The places of connections that a port has taken, shared out by address: when there are none left, the oldest one that is
// silent goes of the address with most, and a newcomer gets its place.
import type { Socket } from 'node:net'
import type { Account } from '../accounting/account.ts'
import { Accounting } from '../accounting/accounting.ts'
import type { FairPlaces } from '../accounting/fair-places.ts'
import { placeBytes } from '../accounting/held.ts'

export class SocketPlaces {
  readonly #accounting: Accounting
  readonly #places: FairPlaces

  /** `name` is for `usage`. */
  constructor(accounting: Accounting, name: string, max: number) {
    this.#accounting = accounting
    this.#places = accounting.places(name, max)
  }

  get count(): number {
    return this.#places.count
  }

  /** A place for as long as the connection lasts, idle to begin with; undefined: there is none, and it is closed. */
  take(socket: Socket): Account | undefined {
    const account = this.#accounting.open({
      owner: { address: socket.remoteAddress, identity: undefined },
      bytes: placeBytes.connection,
      shed: () => void socket.destroy(),
    })
    if (socket.destroyed || !this.#places.take(account)) {
      account.close()
      socket.destroy()
      return undefined
    }
    account.rest()
    socket.once('close', () => this.leave(account))
    return account
  }

  leave(account: Account): void {
    this.#places.leave(account)
    account.close()
  }

  /** The port is closed: there will be no more. */
  close(): void {
    this.#accounting.forget(this.#places)
  }
}

/** For a port that shares nothing out with others. */
export function ownAccounting(): Accounting {
  return new Accounting({ maxHeldBytes: Number.POSITIVE_INFINITY, isShared: () => false })
}
