// One session, on either side. It outlives its links. Each frame of the current link is routed to one of its halves (frame-route.ts),
// and both halves resend what may have been lost when a new link is attached. It is itself the port, the home and the sink of
// its parts, because a server keeps many sessions and most of them are idle.
import { type MeterSource, unaccounted } from '../accounting/meter.ts'
import type { Clock } from '../base/clock.ts'
import { type IsockError, LinkError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import type { FrameLink } from '../link/frame-link.ts'
import type { FrameSink, LinkEnding } from '../link/frame-sink.ts'
import type { Peer } from '../link/link.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { type Frame, Kind, type SessionFrame } from '../wire/frames/frame.ts'
import type { AdoptedCalls } from './call-records.ts'
import type { LinkFault } from './fault.ts'
import type { Origin } from './frame-port.ts'
import { type RoutedSession, routeFrame } from './frame-route.ts'
import type { AbortScope } from './incoming-call.ts'
import { Ledger } from './ledger.ts'
import type { LedgerHome } from './ledger-home.ts'
import { IncomingNames } from './name-refs.ts'
import { OutgoingCalls } from './outgoing-calls.ts'
import type { PeerTerms, SessionGrant } from './session-grant.ts'
import type { Callee, SessionOptions, SessionOwner } from './session-owner.ts'

export class Session implements LedgerHome, RoutedSession, FrameSink {
  readonly clock: Clock
  readonly limits: Limits
  readonly owner: SessionOwner
  linkNumber = 0
  onAcknowledged: LedgerHome['onAcknowledged']
  /** It was adopted here, and nothing has come from its peer since, which may not know it. */
  isUnheard = false
  #names = new IncomingNames(unaccounted)
  #grant: SessionGrant | undefined
  #account: MeterSource = unaccounted
  #ledger: Ledger | undefined
  #outgoing: OutgoingCalls | undefined
  #link: FrameLink | undefined
  #peer: Peer | undefined
  #endReason: IsockError | undefined
  #isBusy = false
  #keepsProcessAlive = false

  constructor({ clock, limits }: SessionOptions, owner: SessionOwner) {
    this.clock = clock
    this.limits = limits
    this.owner = owner
  }

  get callee(): Callee {
    return this.owner.callee
  }

  /** This side's calls. Created when first needed: few servers call their clients. */
  get outgoing(): OutgoingCalls {
    this.#outgoing ??= this.#openOutgoing()
    return this.#outgoing
  }

  /** Undefined before the first handshake, and after the server has forgotten the session. */
  get grant(): SessionGrant | undefined {
    return this.#grant
  }

  /** The session's id; '' before it was granted. */
  get id(): string {
    return this.#grant?.id ?? ''
  }

  get origin(): Origin {
    return { session: this.id, address: this.#peer?.description ?? 'the other side' }
  }

  get isAttached(): boolean {
    return this.#link !== undefined
  }

  get isWritable(): boolean {
    return this.#link !== undefined && !this.#link.isBlocked && !this.#link.isInDoubt
  }

  get isSlow(): boolean {
    return this.#link?.isSlow ?? false
  }

  get isEnded(): boolean {
    return this.#endReason !== undefined
  }

  /** Whether calls are open, in either direction. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** The number of the peer's calls whose handlers run. */
  get runningCount(): number {
    return this.#ledger?.runningCount ?? 0
  }

  /** Whether no call of the peer runs, and all answers were sent, if there is a link. */
  get isDrained(): boolean {
    return this.runningCount === 0 && (!this.isAttached || (this.isWritable && this.#ledger?.unsentCount === 0))
  }

  /** The peer of the current link, or of the last one. */
  get peer(): Peer | undefined {
    return this.#peer
  }

  /** This side's calls, if it has made any. */
  get asks(): OutgoingCalls | undefined {
    return this.#outgoing
  }

  /** The actions that the peer has introduced over the current link. */
  get names(): IncomingNames {
    return this.#names
  }

  /** The peer's calls; undefined while no session is granted. */
  get asked(): Ledger | undefined {
    return this.#ledger
  }

  /** Whether no calls were made, in either direction. */
  get isUnused(): boolean {
    return (this.#ledger?.calls.isEmpty ?? true) && !this.#hasOutgoing
  }

  /**
   * Called when the session was granted. Waiting calls get their slots when a link is attached. What it holds counts for `account`.
   * `adopted`: the peer's calls went to another server before.
   */
  begin(grant: SessionGrant, account: MeterSource = unaccounted, adopted?: AdoptedCalls): void {
    this.#grant = grant
    this.#names = new IncomingNames(account)
    this.#account = account
    this.#outgoing?.begin(grant, account)
    this.#ledger = new Ledger(this, grant.peerLimits, account, adopted)
    this.isUnheard = adopted !== undefined
  }

  /**
   * Called when another server has adopted the session: it knows only recorded answers of this side's calls, and its own calls begin from
   * scratch. There must be no link.
   */
  onAdopted(terms: PeerTerms, reason: IsockError): void {
    const former = this.#ledger
    this.#grant = { ...(this.#grant as SessionGrant), ...terms }
    this.#ledger = new Ledger(this, terms.peerLimits, this.#account)
    former?.end(reason)
    former?.release()
    this.#outgoing?.onAdopted(terms, reason)
    this.onBusyChange()
  }

  /** Called when the peer has forgotten the session: it cannot be resumed, and the next grant starts another one. */
  forget(cause: IsockError, fault: 'session lost' | 'server left' = 'session lost'): void {
    this.#grant = undefined
    this.#ledger?.end(cause)
    this.#ledger = undefined
    this.#outgoing?.forget(cause, fault)
    this.onBusyChange()
  }

  /** Closes its link, if it has one, because another one replaces it. */
  leaveLink(reason: IsockError): void {
    const link = this.#link
    this.#link = undefined
    link?.close(reason)
  }

  /**
   * Called for a new caller of the peer, which knows nothing of the former one. The calls of the former one are ended without an answer,
   * and the outcome of calls to it is unknown. Numbers start again, in both directions. There must be no link.
   */
  restart(grant: SessionGrant, reason: IsockError): void {
    const former = this.#ledger
    this.#grant = grant
    this.#ledger = new Ledger(this, grant.peerLimits, this.#account)
    former?.end(reason)
    former?.release()
    this.#outgoing?.forget(reason, 'session lost')
    this.#outgoing?.begin(grant, this.#account)
    this.onBusyChange()
  }

  /** Continues over a link whose handshake is done. Replaces a link that is still attached. */
  attach(link: FrameLink): void {
    this.leaveLink(new LinkError('the session continues over a newer link'))
    this.#names.forget()
    this.#link = link
    this.linkNumber++
    this.#peer = link.peer
    link.establish(this)
    this.#ledger?.resume()
    this.#outgoing?.resume()
  }

  giveBack(payload: Payload): void {
    this.#link?.giveBack(payload)
  }

  send(frame: SessionFrame): void {
    this.#link?.send(frame)
  }

  /** Writes the frames of this tick before it ends. */
  flush(): void {
    this.#link?.flush()
  }

  /** Called when the network may have changed: frames wait until the peer of the current link has proved that it lives. */
  doubtLink(): void {
    this.#link?.doubt()
  }

  /** Closes the current link; the session stays. */
  dropLink(reason: IsockError, how: 'flush' | 'abort'): void {
    this.#link?.close(reason, how)
  }

  keepProcessAlive(keep: boolean): void {
    this.#link?.keepProcessAlive(keep)
    this.#keepsProcessAlive = keep
    this.#outgoing?.keepProcessAlive(keep)
  }

  /** Called when a link was lost or could not be opened: counts for the calls that wait for it. */
  countFault(cause: IsockError, fault: LinkFault, patienceMs = 0): void {
    this.#outgoing?.countFault(cause, fault, patienceMs)
  }

  /** Tells the peer that this side accepts no new calls. */
  sendDrain(): void {
    this.send({ kind: Kind.Drain })
  }

  /** Aborts the handlers of the peer's calls. Their answers are still sent. */
  abortRunning(reason: IsockError, which?: AbortScope): void {
    this.#ledger?.abortAll(reason, which)
  }

  /** Ends it: aborts handlers, settles open calls, closes the link. The first reason counts. Settles when everything is released. */
  end(reason: IsockError, farewell: 'say bye' | 'say why' | 'silent' = 'silent'): Promise<void> {
    if (this.#endReason !== undefined) return Promise.resolve()
    this.#endReason = reason
    const link = this.#link
    const error = farewell === 'say why' ? this.callee.encodeError(reason) : undefined
    if (farewell !== 'silent') link?.send({ kind: Kind.Bye, isClean: this.#ledger?.isClean ?? false, error })
    this.#ledger?.end(reason)
    this.#outgoing?.end(reason)
    this.#link = undefined
    return link?.close(reason) ?? Promise.resolve()
  }

  get #hasOutgoing(): boolean {
    return this.#outgoing !== undefined && this.#outgoing.openCount > 0
  }

  /** In the state that it would have if it had been created with the session. */
  #openOutgoing(): OutgoingCalls {
    const { clock, limits } = this
    const outgoing = new OutgoingCalls({ clock, limits, port: this, onBusyChange: () => this.onBusyChange() })
    outgoing.keepProcessAlive(this.#keepsProcessAlive)
    if (this.#grant !== undefined) outgoing.begin(this.#grant, this.#account)
    if (this.#link !== undefined) outgoing.resume()
    if (this.#endReason !== undefined) outgoing.end(this.#endReason)
    return outgoing
  }

  onFrame(frame: Frame): void {
    this.isUnheard = false
    routeFrame(frame, this)
  }

  onLinkWritable(): void {
    this.#ledger?.onWritable()
    this.#outgoing?.onWritable()
  }

  onLinkEnd(reason: IsockError, how: LinkEnding): void {
    // It was closed on this side: replaced by a newer one, or with the session. Any other end is that of the current link.
    if (this.#link === undefined) return
    this.#link = undefined
    // Names are introduced again over the next link.
    this.#names.forget()
    this.#ledger?.onLinkLost()
    this.owner.onLinkLost(reason, how)
  }

  onBusyChange(): void {
    if (this.#link === undefined) this.callee.onAnsweredAway?.()
    const isBusy = this.#hasOutgoing || this.runningCount > 0
    if (isBusy === this.#isBusy) return
    this.#isBusy = isBusy
    this.owner.onBusyChange?.(isBusy)
  }
}
