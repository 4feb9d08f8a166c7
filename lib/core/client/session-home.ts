// The address of a client's session: the one that granted it. No other address gets the secret that resumes it, because any holder
// of the secret can take over the session. While calls wait for answers that only this address has, only this one is tried for a
// while, so that a short outage does not make their outcome unknown.
import type { Clock } from '../base/clock.ts'
import { type Address, formatAddress } from '../link/address.ts'
import type { Session } from '../session/session.ts'
import type { SessionGrant } from '../session/session-grant.ts'
import type { Resumable, StoredSessions } from './stored-sessions.ts'

/** From the moment when a link is needed again. Then the other addresses are tried too, after this one. */
export const askedAloneMs = 5_000

export class SessionHome {
  readonly #session: Session
  readonly #clock: Clock
  readonly #hasOthers: boolean
  readonly #stored: StoredSessions | undefined
  #address: Address | undefined
  /** Kept even after the server has forgotten it. */
  #granted: SessionGrant | undefined
  #neededSinceMs = Number.NEGATIVE_INFINITY

  /** `hasOthers`: the client was given more than one address. */
  constructor(session: Session, clock: Clock, hasOthers: boolean, stored?: StoredSessions) {
    this.#session = session
    this.#clock = clock
    this.#hasOthers = hasOthers
    this.#stored = stored
  }

  /** Undefined while there is no session to resume. */
  get address(): Address | undefined {
    return this.#session.grant === undefined ? this.#stored?.address : this.#address
  }

  /** Called when this address has granted the session. */
  moveTo(address: Address): void {
    this.#address = address
    this.#stored?.used(address)
    this.#granted = this.#session.grant
    if (this.#granted !== undefined) this.#stored?.keep(address, this.#granted)
  }

  /** Called when the requested session cannot be resumed at this address. */
  distrust(address: Address): void {
    this.#stored?.used(address)
  }

  /** Called when the client ends the session. */
  leave(): void {
    if (this.#granted !== undefined) this.#stored?.drop(this.#granted)
  }

  /** Called when a link is needed from now on. */
  onLinkNeeded(): void {
    this.#neededSinceMs = this.#clock.now()
  }

  /** The session that may be presented at this address; undefined: none, because it is another address. */
  grantFor(address: Address): Resumable | undefined {
    const { grant } = this.#session
    if (grant === undefined) return this.#stored?.find(address)
    const home = this.#address
    return home !== undefined && isSameAddress(home, address) ? { ...grant, features: 0 } : undefined
  }

  /** Calls are running, in either direction, whose outcome other addresses would not know. */
  get isAskedAlone(): boolean {
    if (!this.#hasOthers || this.#session.grant === undefined) return false
    const isUnderWay = this.#session.outgoing.needsSession || this.#session.runningCount > 0
    return isUnderWay && this.#clock.now() - this.#neededSinceMs < askedAloneMs
  }
}

/** Compares transport, host, port and path: the same host without TLS is another address. */
export function isSameAddress(one: Address, other: Address): boolean {
  return formatAddress(one) === formatAddress(other)
}
