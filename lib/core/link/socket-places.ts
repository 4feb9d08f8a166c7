// The places for a port's connections, shared fairly by address: when all are taken, a newcomer replaces the oldest
// silent connection of the address with the most.
import type { Socket } from 'node:net'
import type { Account } from '../accounting/account.ts'
import { Accounting } from '../accounting/accounting.ts'
import type { FairPlaces } from '../accounting/fair-places.ts'
import { placeBytes } from '../accounting/held.ts'

export class SocketPlaces {
  readonly #accounting: Accounting
  readonly #places: FairPlaces

  /** `name` appears in `usage`. */
  constructor(accounting: Accounting, name: string, max: number) {
    this.#accounting = accounting
    this.#places = accounting.places(name, max)
  }

  get count(): number {
    return this.#places.count
  }

  /** Takes a place for as long as the connection lasts, idle at first. If there is none, closes the socket and returns undefined. */
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

  /** Called when the port is closed. */
  close(): void {
    this.#accounting.forget(this.#places)
  }
}

/** An accounting for a port that shares none with others. */
export function ownAccounting(): Accounting {
  return new Accounting({ maxHeldBytes: Number.POSITIVE_INFINITY, isShared: () => false })
}
