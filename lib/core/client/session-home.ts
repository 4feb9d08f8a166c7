// The address at which a client's session lives: the one that granted it. No other address gets the secret that resumes it,
// because whoever has that may take the session over. While calls wait for answers that only this address has, it is asked
// alone for a time, so that a short cut of its link does not cost them their outcome.
import type { Clock } from '../base/clock.ts'
import { type Address, formatAddress } from '../link/address.ts'
import type { Session } from '../session/session.ts'
import type { SessionGrant } from '../session/session-grant.ts'
import type { Resumable, StoredSessions } from './stored-sessions.ts'

/** From the moment when a link is needed again. After this the other addresses are asked too, this one first. */
export const askedAloneMs = 5_000

export class SessionHome {
  readonly #session: Session
  readonly #clock: Clock
  readonly #hasOthers: boolean
  readonly #stored: StoredSessions | undefined
  #address: Address | undefined
  /** Also when the server has forgotten it. */
  #granted: SessionGrant | undefined
  #neededSinceMs = Number.NEGATIVE_INFINITY

  /** `hasOthers`: the client was given more than one address. */
  constructor(session: Session, clock: Clock, hasOthers: boolean, stored?: StoredSessions) {
    this.#session = session
    this.#clock = clock
    this.#hasOthers = hasOthers
    this.#stored = stored
  }

  /** undefined while there is no session that could be resumed. */
  get address(): Address | undefined {
    return this.#session.grant === undefined ? this.#stored?.address : this.#address
  }

  /** This address has granted the session. */
  moveTo(address: Address): void {
    this.#address = address
    this.#stored?.used(address)
    this.#granted = this.#session.grant
    if (this.#granted !== undefined) this.#stored?.keep(address, this.#granted)
  }

  /** The session that was asked for cannot be had there. */
  distrust(address: Address): void {
    this.#stored?.used(address)
  }

  /** The client ends the session. */
  leave(): void {
    if (this.#granted !== undefined) this.#stored?.drop(this.#granted)
  }

  /** A link is needed from now on. */
  onLinkNeeded(): void {
    this.#neededSinceMs = this.#clock.now()
  }

  /** What may be presented at this address; undefined: nothing, it is another one. */
  grantFor(address: Address): Resumable | undefined {
    const { grant } = this.#session
    if (grant === undefined) return this.#stored?.find(address)
    const home = this.#address
    return home !== undefined && isSameAddress(home, address) ? { ...grant, features: 0 } : undefined
  }

  /** Calls are under way, in either direction, whose outcome would be unknown at the others. */
  get isAskedAlone(): boolean {
    if (!this.#hasOthers || this.#session.grant === undefined) return false
    const isUnderWay = this.#session.outgoing.needsSession || this.#session.runningCount > 0
    return isUnderWay && this.#clock.now() - this.#neededSinceMs < askedAloneMs
  }
}

/** Transport, host, port and path: the same place without TLS is another one. */
export function isSameAddress(one: Address, other: Address): boolean {
  return formatAddress(one) === formatAddress(other)
}
