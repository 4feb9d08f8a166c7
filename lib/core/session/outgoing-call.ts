// One call that this side asked for, as the session sees it. Values are payloads here; who asked for it extends
// this class and decodes them.
import type { IsockError } from '../base/errors.ts'
import { type Payload, payloadSize } from '../wire/bytes/payload.ts'
import { CancelReason } from '../wire/frames/frame.ts'
import { type Metadata, metadataSize } from '../wire/frames/metadata.ts'
import type { FeedInput } from './call-input.ts'
import type { Fault } from './fault.ts'
import type { Origin } from './frame-port.ts'
import type { InboundStream } from './inbound-stream.ts'
import type { OutgoingInputs } from './outgoing-inputs.ts'

/** What is asked for. The same request may be sent again, over another link or in another session. */
export interface CallRequest {
  readonly name: string
  /** A refusal of it holds up the caller's later calls with the same addressee, and no others: see action/addressee.ts. */
  readonly addressee: string
  /** Its place among its caller's calls, from 1: what is resent keeps this order. */
  readonly order: number
  readonly contract: string | undefined
  readonly metadata?: Metadata | undefined
  readonly data: Payload
  /** May be run again where it cannot be known whether it ran. */
  readonly isIdempotent: boolean
  /** Its effect is committed with its answer, or its start is recorded: one that is said never to have started never did. Left out for all others. */
  isTransactional?: true
  /** Feed the call's input streams, once the callee has admitted the call. */
  readonly feeds?: readonly FeedInput[] | undefined
}

/** What a call counts for at its caller and its callee until it is answered. */
export function callSize({ data, metadata }: Pick<CallRequest, 'data' | 'metadata'>): number {
  return metadata === undefined ? payloadSize(data) : payloadSize(data) + metadataSize(metadata)
}

/** How long and how often a call is tried. */
export interface CallBounds {
  /** Faults in a row that the call outlives. */
  readonly retries: number
  /** Milliseconds; Infinity: no bound. */
  readonly timeoutMs: number
  /** On the session's clock; Infinity: none. */
  readonly deadlineAtMs: number
  /** True: the callee gets the deadline. False: the default bound, on this side only, which each sign of life extends. */
  readonly isDeadlineShared: boolean
}

/** How a call ended, in payloads. `error` is from this side, `failure` the other side's. */
export type RawOutcome =
  | { readonly how: 'value'; readonly value: Payload }
  | { readonly how: 'failure'; readonly failure: Payload; readonly notStarted: boolean; readonly origin: Origin }
  | { readonly how: 'error'; readonly error: unknown }

/**
 *   waiting ──> sent ──> settled          waiting: not sent, or not in this session
 *      │         │  ╲                      sent: has a slot; the callee may know of it
 *      │         │   abandoned ─> settled  abandoned: over for the user; the slot waits for the callee's answer
 *      └─────────┴──> settled
 */
export type CallState = 'waiting' | 'sent' | 'abandoned' | 'settled'

/** Where a call stands: the calls of a session. */
export interface CallHome {
  /** Settles it with the error immediately; cancels it at a callee that may know of it. */
  giveUp(call: OutgoingCall, error: unknown): void
}

export abstract class OutgoingCall {
  readonly request: CallRequest
  readonly timeoutMs: number
  readonly isDeadlineShared: boolean
  deadlineAtMs: number
  retries: number
  /** Faults since it last made progress. Counted by retry-policy.ts alone. */
  faults = 0
  /** How often it was resent because its session was lost. */
  reruns = 0
  state: CallState = 'waiting'
  /** The session's calls that it is among; undefined between two sessions. */
  home: CallHome | undefined
  /** 0 until it has a slot. */
  seq = 0
  attempt = 0
  /** The number of the one link that it was sent over; 0: none, or several. */
  sentOver = 0
  items: InboundStream | undefined
  input: OutgoingInputs | undefined
  cancelReason: CancelReason = CancelReason.Cancelled
  /** Its neighbours among the calls that wait. */
  ahead: OutgoingCall | undefined
  behind: OutgoingCall | undefined

  constructor(request: CallRequest, bounds: CallBounds) {
    this.request = request
    this.retries = bounds.retries
    this.timeoutMs = bounds.timeoutMs
    this.deadlineAtMs = bounds.deadlineAtMs
    this.isDeadlineShared = bounds.isDeadlineShared
  }

  /** What it waits to get over; undefined once it was sent. */
  lastFault: IsockError | undefined
  /** It was sent in a session that is lost, and waits to be run again: being idempotent, it may. */
  mayHaveRun = false

  /** It was sent, but nothing of its streams has moved: it can be sent again as it is. */
  get canResend(): boolean {
    return this.state === 'sent' && !this.input?.isFed && this.items === undefined
  }

  /** It is to be sent as if for the first time. `mayHaveRun`: it may have run until now. */
  restart(mayHaveRun = false): void {
    this.mayHaveRun ||= mayHaveRun
    this.state = 'waiting'
    this.seq = 0
    this.input = undefined
  }

  /** A sign of life of the callee, or of who reads the items: a bound of this side alone begins again. */
  showLife(nowMs: number): void {
    if (!this.isDeadlineShared) this.deadlineAtMs = nowMs + this.timeoutMs
  }

  /** It has no retries to lose any more. */
  outlastFaults(): void {
    this.retries = Number.POSITIVE_INFINITY
  }

  /** One of its streams has moved: faults before this are no longer in a row with those to come. */
  makeProgress(): void {
    this.faults = 0
  }

  /** Still open for the user. */
  get isOpen(): boolean {
    return this.state === 'waiting' || this.state === 'sent'
  }

  /** The first item came: `items` is there. */
  abstract onItemsOpened(items: InboundStream): void

  /** Called once, when the state is 'settled' or 'abandoned' already. */
  abstract onSettled(outcome: RawOutcome): void

  /** It will be tried again. */
  abstract onRetry(fault: Fault, reason: IsockError): void

  /** Whether this failure says that nobody knows its outcome. */
  saysUnknown(_failure: Payload): boolean {
    return false
  }

  /** The callee refused it before it started. True: it will be submitted again, so it is not settled now. */
  abstract onRefused(failure: Payload, origin: Origin): boolean
}
