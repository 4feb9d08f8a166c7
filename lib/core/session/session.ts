// What two peers know of each other. It outlives its links: each frame of the current link is routed to the half
// that it concerns (frame-route.ts), and when a new link is attached both halves send once more what may have been lost.
// It is the port, the home and the sink of its parts itself: a server keeps many sessions, and most of them do nothing.
import { type MeterSource, unaccounted } from '../accounting/meter.ts'
import type { Clock } from '../base/clock.ts'
import { type IsockError, LinkError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import type { FrameLink } from '../link/frame-link.ts'
import type { FrameSink, LinkEnding } from '../link/frame-sink.ts'
import type { Peer } from '../link/link.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { type Frame, Kind, type SessionFrame } from '../wire/frames/frame.ts'
import type { LinkFault } from './fault.ts'
import type { Origin } from './frame-port.ts'
import { type RoutedSession, routeFrame } from './frame-route.ts'
import type { AbortScope } from './incoming-call.ts'
import { Ledger } from './ledger.ts'
import type { LedgerHome } from './ledger-home.ts'
import { IncomingNames } from './name-refs.ts'
import { OutgoingCalls } from './outgoing-calls.ts'
import type { SessionGrant } from './session-grant.ts'
import type { Callee, SessionOptions, SessionOwner } from './session-owner.ts'

export class Session implements LedgerHome, RoutedSession, FrameSink {
  readonly clock: Clock
  readonly limits: Limits
  readonly owner: SessionOwner
  linkNumber = 0
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

  /** What this side asks of the peer. Made when it is first needed: few servers call their clients. */
  get outgoing(): OutgoingCalls {
    this.#outgoing ??= this.#openOutgoing()
    return this.#outgoing
  }

  /** What was granted; undefined before the first handshake is done and after the server has forgotten it. */
  get grant(): SessionGrant | undefined {
    return this.#grant
  }

  /** The session's id; '' where there is none yet. */
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

  /** Calls are open in either direction. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Calls of the peer whose handlers run. */
  get runningCount(): number {
    return this.#ledger?.runningCount ?? 0
  }

  /** Nothing of the peer's runs here, and what was answered is on its way, if there is one. */
  get isDrained(): boolean {
    return this.runningCount === 0 && (!this.isAttached || (this.isWritable && this.#ledger?.unsentCount === 0))
  }

  /** The peer of the current link, or of the last one. */
  get peer(): Peer | undefined {
    return this.#peer
  }

  /** What this side asks of the peer, if it ever did. */
  get asks(): OutgoingCalls | undefined {
    return this.#outgoing
  }

  /** The actions that the peer has introduced over the current link. */
  get names(): IncomingNames {
    return this.#names
  }

  /** What the peer asks of this side; undefined while nothing is granted. */
  get asked(): Ledger | undefined {
    return this.#ledger
  }

  /** Nothing was asked for, in either direction. */
  get isUnused(): boolean {
    return (this.#ledger?.calls.isEmpty ?? true) && !this.#hasOutgoing
  }

  /** The session stands. Calls that waited for this get their slots when a link is attached. What is held counts for `account`. */
  begin(grant: SessionGrant, account: MeterSource = unaccounted): void {
    this.#grant = grant
    this.#names = new IncomingNames(account)
    this.#account = account
    this.#outgoing?.begin(grant.peerLimits, account)
    this.#ledger = new Ledger(this, grant.peerLimits, account)
  }

  /** The peer has forgotten the session: nothing of it can be resumed, and the next grant begins another. */
  forget(cause: IsockError, fault: 'session lost' | 'server left' = 'session lost'): void {
    this.#grant = undefined
    this.#ledger?.end(cause)
    this.#ledger = undefined
    this.#outgoing?.forget(cause, fault)
    this.onBusyChange()
  }

  /** Gives up its link, if it has one: another caller of the same client has come, and takes its place. */
  leaveLink(reason: IsockError): void {
    const link = this.#link
    this.#link = undefined
    link?.close(reason)
  }

  /**
   * The peer's new caller knows nothing of the former one: what that asked for is ended and answered to nobody, and of what it was
   * asked the outcome is unknown. Numbers begin again, both ways. Has no link meanwhile.
   */
  restart(grant: SessionGrant, reason: IsockError): void {
    const former = this.#ledger
    this.#grant = grant
    this.#ledger = new Ledger(this, grant.peerLimits, this.#account)
    former?.end(reason)
    former?.release()
    this.#outgoing?.forget(reason, 'session lost')
    this.#outgoing?.begin(grant.peerLimits, this.#account)
    this.onBusyChange()
  }

  /** Goes on over a link whose handshake is done. A link that was still attached is replaced. */
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

  /** Writes what was sent in this tick before it ends. */
  flush(): void {
    this.#link?.flush()
  }

  /** The network may be another one: what is sent waits until the peer of the current link has proved that it lives. */
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

  /** A link was lost, or could not be opened: counts for the calls that wait for it. */
  countFault(cause: IsockError, fault: LinkFault, patienceMs = 0): void {
    this.#outgoing?.countFault(cause, fault, patienceMs)
  }

  /** Tells the peer that this side takes no new calls. */
  sayDrain(): void {
    this.send({ kind: Kind.Drain })
  }

  /** Tells the handlers of the peer's calls to stop; their answers are still sent. */
  abortRunning(reason: IsockError, which?: AbortScope): void {
    this.#ledger?.abortAll(reason, which)
  }

  /** Ends it: handlers are told, open calls settled, the link closed. The first reason counts. Settles when all is released. */
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

  /** As it would be by now, had it been there from the beginning. */
  #openOutgoing(): OutgoingCalls {
    const { clock, limits } = this
    const outgoing = new OutgoingCalls({ clock, limits, port: this, onBusyChange: () => this.onBusyChange() })
    outgoing.keepProcessAlive(this.#keepsProcessAlive)
    if (this.#grant !== undefined) outgoing.begin(this.#grant.peerLimits, this.#account)
    if (this.#link !== undefined) outgoing.resume()
    if (this.#endReason !== undefined) outgoing.end(this.#endReason)
    return outgoing
  }

  onFrame(frame: Frame): void {
    routeFrame(frame, this)
  }

  onLinkWritable(): void {
    this.#ledger?.onWritable()
    this.#outgoing?.onWritable()
  }

  onLinkEnd(reason: IsockError, how: LinkEnding): void {
    // It was closed here: replaced by a newer one, or with the session. Another end is that of the current link.
    if (this.#link === undefined) return
    this.#link = undefined
    // The next link introduces them again.
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
