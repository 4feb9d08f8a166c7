// The home of a client's session: the address that granted it. No other address gets the secret that resumes the session, because
// any holder of the secret can take it over, unless the addresses are of servers that share their sessions. While calls wait for answers that only this address has, the client tries no other
// address for a while, so that a short outage does not make their outcome unknown.
import type { Clock } from '../base/clock.ts'
import { type Address, formatAddress } from '../link/address.ts'
import type { Session } from '../session/session.ts'
import type { SessionGrant } from '../session/session-grant.ts'
import { Feature } from '../wire/frames/frame.ts'
import type { Resumable, StoredSessions } from './stored-sessions.ts'

/** How long only the home is tried after the link was lost. Then the other addresses are tried too, after it. */
export const homeOnlyMs = 5_000

/** The further addresses of the client. */
export type OtherAddresses = 'none' | 'know no sessions' | 'share sessions'

export class SessionHome {
  readonly #session: Session
  readonly #clock: Clock
  readonly #others: OtherAddresses
  readonly #stored: StoredSessions | undefined
  #address: Address | undefined
  /** The last granted session. Kept even after the server has dropped it. */
  #granted: SessionGrant | undefined
  #neededSinceMs = Number.NEGATIVE_INFINITY

  constructor(session: Session, clock: Clock, others: OtherAddresses, stored?: StoredSessions) {
    this.#session = session
    this.#clock = clock
    this.#others = others
    this.#stored = stored
  }

  /** The address of the session to resume; undefined if there is none. */
  get address(): Address | undefined {
    return this.#session.grant === undefined ? this.#stored?.address : this.#address
  }

  /** Called when this address has granted a session, or adopted it. */
  moveTo(address: Address): void {
    this.#address = address
    this.#stored?.used(address)
    this.#granted = this.#session.grant
    if (this.#granted !== undefined) this.#stored?.keep(address, this.#granted)
  }

  /** Called when the requested session could not be resumed at this address. */
  onNotResumed(address: Address): void {
    this.#stored?.used(address)
  }

  /** Called when the client ends the session. */
  leave(): void {
    if (this.#granted !== undefined) this.#stored?.drop(this.#granted)
  }

  /** Called when the client starts to need a link. */
  onLinkNeeded(): void {
    this.#neededSinceMs = this.#clock.now()
  }

  /** The session to request at this address; undefined if the session is at home elsewhere, and is not shared. */
  grantFor(address: Address): Resumable | undefined {
    const { grant } = this.#session
    if (grant === undefined) return this.#stored?.find(address)
    const home = this.#address
    const isFor = home !== undefined && (this.#others === 'share sessions' || isSameAddress(home, address))
    return isFor ? { ...grant, features: Feature.Adopted } : undefined
  }

  /** Whether to try only the home now: calls are running, in either direction, whose outcome no other address knows. */
  get isOnlyChoice(): boolean {
    if (this.#others === 'none' || this.#session.grant === undefined) return false
    const isUnderWay = this.#session.outgoing.needsSession || this.#session.runningCount > 0
    return isUnderWay && this.#clock.now() - this.#neededSinceMs < homeOnlyMs
  }
}

/** Compares transport, host, port and path. The same host without TLS is another address. */
export function isSameAddress(one: Address, other: Address): boolean {
  return formatAddress(one) === formatAddress(other)
}
