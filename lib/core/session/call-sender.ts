// Sends the calls of this side: their CALL, CANCEL and ACK frames, and their streams. Leaves it to OutgoingCalls when to send.
import type { Clock } from '../base/clock.ts'
import type { IsockError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import { Feature, Kind, type PeerLimits } from '../wire/frames/frame.ts'
import { fitsFrame, tooLarge } from '../wire/frames/frame-fit.ts'
import { keyEntry, metadataSize } from '../wire/frames/metadata.ts'
import { keysUnknown, neverSent } from './call-errors.ts'
import { CallInput, type FeedInput } from './call-input.ts'
import type { FramePort } from './frame-port.ts'
import { InboundStream } from './inbound-stream.ts'
import { OutgoingNames } from './name-refs.ts'
import { OutboundStream, streamWindow } from './outbound-stream.ts'
import type { OutgoingCall } from './outgoing-call.ts'
import { OutgoingInputs } from './outgoing-inputs.ts'
import type { PeerTerms } from './session-grant.ts'

export interface CallSenderOptions {
  readonly clock: Clock
  readonly limits: Limits
  readonly port: FramePort
}

export class CallSender {
  readonly #options: CallSenderOptions
  readonly #names = new OutgoingNames()
  #peerLimits: PeerLimits | undefined
  #peerFeatures = 0
  #isAdopted = false

  constructor(options: CallSenderOptions) {
    this.#options = options
  }

  /** The largest frame that the peer accepts; 0 before the session was granted. */
  get maxFrameBytes(): number {
    return this.#peerLimits?.maxFrameBytes ?? 0
  }

  /** Called when the session was granted, or adopted by another server: the terms of the peer are known. */
  begin({ peerLimits, peerFeatures }: PeerTerms, isAdopted = false): void {
    this.#peerLimits = peerLimits
    this.#peerFeatures = peerFeatures
    this.#isAdopted = isAdopted
  }

  /** Called when there is a new link: introduces names again, and acknowledges these answers. */
  onNewLink(answered: number[]): void {
    this.#names.forget()
    this.sendAcks(answered)
  }

  /** Called when the callee has answered, so it has the call's data. */
  answered(call: OutgoingCall): void {
    const { port } = this.#options
    if (call.sentOver === port.linkNumber) port.giveBack(call.request.data)
  }

  /** Why the peer cannot get a call: it is too large, or has a key that the peer would ignore. Nothing of it was sent. */
  refusal({ request }: OutgoingCall): IsockError | undefined {
    const { data, metadata } = request
    if (!fitsFrame(data, this.maxFrameBytes - metadataSize(metadata) * 3))
      return neverSent(tooLarge('data', data, this.maxFrameBytes))
    return this.ignoresKeyOf(request) ? keysUnknown(request.name) : undefined
  }

  /** Whether the peer would run this call without regard to its key. */
  ignoresKeyOf({ metadata }: OutgoingCall['request']): boolean {
    return (this.#peerFeatures & Feature.Keys) === 0 && metadata?.[keyEntry] !== undefined
  }

  /** Sends the call for the first time in this session, and opens its input streams, if it has any. */
  start(call: OutgoingCall): void {
    this.#send(call, false)
    this.#openInputs(call)
  }

  /** Sends the call, as its next attempt. */
  #send(call: OutgoingCall, isRepeated: boolean): void {
    const { request } = call
    const { port } = this.#options
    call.attempt++
    call.sentOver = call.attempt === 1 ? port.linkNumber : 0
    call.lastFault = undefined
    const ref = this.#names.refOf(request.name, request.contract, port)
    port.send({
      kind: Kind.Call,
      seq: call.seq,
      ref,
      // In an adopted session 1 says that the callee's predecessor does not know this number, also where the call was refused before.
      attempt: this.#isAdopted && !isRepeated ? 1 : call.attempt,
      remainingMs: this.#remainingMs(call),
      inputs: request.feeds?.length ?? 0,
      metadata: request.metadata,
      data: request.data,
    })
  }

  /** Resends over a new link: the call and the state of its streams; or its cancel, also if it only asks for its answer. */
  resend(call: OutgoingCall, onlyAsks = false): void {
    if (call.state === 'abandoned' || onlyAsks) return this.sendCancel(call)
    this.#send(call, true)
    call.items?.resume()
    call.input?.rewind()
  }

  sendCancel(call: OutgoingCall): void {
    this.#options.port.send({ kind: Kind.Cancel, seq: call.seq, reason: call.cancelReason })
  }

  sendAcks(seqs: number[]): void {
    if (seqs.length > 0) this.#options.port.send({ kind: Kind.Ack, seqs })
  }

  #openInputs(call: OutgoingCall): void {
    const { feeds } = call.request
    if (feeds === undefined) return
    call.input = new OutgoingInputs(feeds.map((feed, index) => this.#inputOf(call.seq, index || undefined, feed)))
  }

  #inputOf(seq: number, number: number | undefined, feed: FeedInput): CallInput {
    const { limits, port } = this.#options
    const stream = new OutboundStream({
      kind: Kind.Input,
      seq,
      number,
      grantedBytes: 0,
      windowBytes: streamWindow(limits, this.#peerLimits),
      maxWaitingBytes: limits.maxWriteQueueBytes,
      port,
    })
    return new CallInput({ stream, seq, number, port, feed, maxFrameBytes: this.maxFrameBytes })
  }

  /** Opens the stream of the call's items, with its first item. */
  openItems(call: OutgoingCall): InboundStream {
    const { clock, limits, port } = this.#options
    const items = new InboundStream({
      kind: Kind.Credit,
      seq: call.seq,
      windowBytes: streamWindow(limits, this.#peerLimits),
      mayGoUnread: true,
      // A slow reader keeps the callee waiting: its silence is not a fault.
      onTaken: () => call.showLife(clock.now()),
      port,
    })
    call.items = items
    call.onItemsOpened(items)
    return items
  }

  #remainingMs(call: OutgoingCall): number | undefined {
    if (!call.isDeadlineShared || call.deadlineAtMs === Number.POSITIVE_INFINITY) return undefined
    const leftMs = Math.ceil(call.deadlineAtMs - this.#options.clock.now())
    return Math.min(Math.max(0, leftMs), Number.MAX_SAFE_INTEGER)
  }
}
