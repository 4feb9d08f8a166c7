// What two peers know of each other. It outlives its links: each frame of the current link is routed to the half
// that it concerns, and when a new link is attached both halves say again what may have been lost.
//
//                       ┌─ CALL, CANCEL, INPUT, CREDIT, ACK ──> Ledger         (what the peer asks of us)
//   FrameLink ─ frame ──┤
//                       └─ RESULT, FAILURE, ITEM, ... ────────> OutgoingCalls  (what we asked of the peer)
import { type MeterSource, unaccounted } from '../accounting/meter.ts'
import { type IsockError, LinkError, ProtocolError } from '../base/errors.ts'
import type { FrameLink } from '../link/frame-link.ts'
import type { LinkEnding } from '../link/frame-sink.ts'
import type { Peer } from '../link/link.ts'
import { type Frame, Kind, type SessionFrame } from '../wire/frame.ts'
import type { Payload } from '../wire/payload.ts'
import type { FramePort, Origin } from './frame-port.ts'
import type { AbortScope } from './incoming-call.ts'
import { Ledger } from './ledger.ts'
import { IncomingNames } from './name-refs.ts'
import { OutgoingCalls } from './outgoing-calls.ts'
import type { SessionGrant } from './session-grant.ts'
import type { SessionOptions, SessionOwner } from './session-owner.ts'

export class Session implements FramePort {
  readonly outgoing: OutgoingCalls
  linkNumber = 0
  readonly #options: SessionOptions
  readonly #owner: SessionOwner
  #names = new IncomingNames(unaccounted)
  #grant: SessionGrant | undefined
  #ledger: Ledger | undefined
  #link: FrameLink | undefined
  #peer: Peer | undefined
  #endReason: IsockError | undefined
  #isBusy = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#owner = options.owner
    const { clock, limits } = options
    this.outgoing = new OutgoingCalls({ clock, limits, port: this, onBusyChange: this.#judgeBusy })
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
    return this.#link !== undefined && !this.#link.isBlocked
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

  /** What the peer asks of this side; undefined while nothing is granted. */
  get asked(): Ledger | undefined {
    return this.#ledger
  }

  /** Nothing was asked for, in either direction. */
  get isUnused(): boolean {
    return (this.#ledger?.calls.isEmpty ?? true) && this.outgoing.openCount === 0
  }

  /** The session stands. Calls that waited for this get their slots when a link is attached. What is held counts for `account`. */
  begin(grant: SessionGrant, account: MeterSource = unaccounted): void {
    const { clock, limits } = this.#options
    this.#grant = grant
    this.#names = new IncomingNames(account)
    this.outgoing.begin(grant.peerLimits, account)
    this.#ledger = new Ledger({
      clock,
      limits,
      peerLimits: grant.peerLimits,
      account,
      port: this,
      onBusyChange: this.#judgeBusy,
      startCall: (call) => this.#owner.startCall(call),
      encodeError: (error) => this.#owner.encodeError(error),
      refusal: () => this.#owner.refusal(),
    })
  }

  /** The peer has forgotten the session: nothing of it can be resumed, and the next grant begins another. */
  forget(cause: IsockError, fault: 'session lost' | 'server left' = 'session lost'): void {
    this.#grant = undefined
    this.#ledger?.end(cause)
    this.#ledger = undefined
    this.outgoing.forget(cause, fault)
    this.#judgeBusy()
  }

  /** Goes on over a link whose handshake is done. A link that was still attached is replaced. */
  attach(link: FrameLink): void {
    const former = this.#link
    this.#link = undefined
    former?.close(new LinkError('the session goes on over a newer link'))
    this.#names.forget()
    this.#link = link
    this.linkNumber++
    this.#peer = link.peer
    link.establish({
      onFrame: (frame) => this.#route(frame),
      onLinkWritable: () => this.#onWritable(),
      onLinkEnd: (reason, how) => this.#onLinkEnd(link, reason, how),
    })
    this.#ledger?.resume()
    this.outgoing.resume()
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

  /** Closes the current link; the session stays. */
  dropLink(reason: IsockError, how: 'flush' | 'abort'): void {
    this.#link?.close(reason, how)
  }

  keepProcessAlive(keep: boolean): void {
    this.#link?.keepProcessAlive(keep)
    this.outgoing.keepProcessAlive(keep)
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
    const error = farewell === 'say why' ? this.#owner.encodeError(reason) : undefined
    if (farewell !== 'silent') link?.send({ kind: Kind.Bye, isClean: this.#ledger?.isClean ?? false, error })
    this.#ledger?.end(reason)
    this.outgoing.end(reason)
    this.#link = undefined
    return link?.close(reason) ?? Promise.resolve()
  }

  #route(frame: Frame): void {
    const ledger = this.#ledger as Ledger
    switch (frame.kind) {
      case Kind.Call:
        return ledger.onCall(frame, this.#names.find(frame.ref))
      case Kind.Result:
        return this.outgoing.onResult(frame)
      case Kind.Failure:
        return this.outgoing.onFailure(frame)
      case Kind.Item:
        return this.outgoing.onItem(frame)
      case Kind.Credit:
        return ledger.onCredit(frame)
      case Kind.Input:
        return ledger.onInput(frame)
      case Kind.InputEnd:
        return ledger.onInputEnd(frame)
      case Kind.InputCredit:
        return this.outgoing.onInputCredit(frame)
      case Kind.Cancel:
        return ledger.onCancel(frame)
      case Kind.Ack:
        return ledger.onAck(frame)
      case Kind.Name:
        return this.#names.onName(frame)
      case Kind.Drain:
        return this.#owner.onPeerDrains?.()
      case Kind.Bye:
        return this.#owner.onPeerLeft?.(frame.isClean, frame.error)
      default:
        throw new ProtocolError(`a frame of kind ${frame.kind} within a session`)
    }
  }

  #onWritable(): void {
    this.#ledger?.onWritable()
    this.outgoing.onWritable()
  }

  #onLinkEnd(link: FrameLink, reason: IsockError, how: LinkEnding): void {
    if (this.#link !== link) return
    this.#link = undefined
    // The next link introduces them again.
    this.#names.forget()
    this.#ledger?.onLinkLost()
    this.#owner.onLinkLost(reason, how)
  }

  readonly #judgeBusy = (): void => {
    if (this.#link === undefined) this.#owner.onAnsweredAway?.()
    const isBusy = this.outgoing.openCount > 0 || this.runningCount > 0
    if (isBusy === this.#isBusy) return
    this.#isBusy = isBusy
    this.#owner.onBusyChange?.(isBusy)
  }
}
