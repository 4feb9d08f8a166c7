// The table of frames: all messages between two peers. Their bytes are written and read by frame-writer.ts and
// frame-reader.ts; their meaning is in session/.
//
//   u32 length (big-endian) | body          body = msgpack array [kind, ...]
//
//   kind  frame         body after the kind                                        direction
//   0x01  HELLO         version, features, session, resume, name, limits, credentials   first, client to server
//   0x02  WELCOME       version, features, session, resume, resumed, limits             first, server to client
//   0x03  REFUSED       error                                                      instead of WELCOME
//   0x10  NAME          ref, name, contract                                        caller to callee
//   0x11  CALL          seq, ref, attempt, remainingMs, inputs, metadata if any, data   caller to callee
//   0x12  RESULT        seq, items, value                                          callee to caller
//   0x13  FAILURE       seq, items, flags, error                                   callee to caller
//   0x14  ITEM          seq, index, value                                          callee to caller
//   0x15  CREDIT        seq, received, granted                                     caller to callee
//   0x16  INPUT         seq, index, stream unless it is 0, value                   caller to callee
//   0x17  INPUT_END     seq, items, stream likewise                                caller to callee
//   0x18  INPUT_CREDIT  seq, received, granted, stream likewise                    callee to caller
//   0x19  CANCEL        seq, reason                                                caller to callee
//   0x1a  ACK           seqs                                                       caller to callee
//   0x1b  DRAIN         -                                                          either: accepts no new calls
//   0x1c  PING          -                                                          either
//   0x1d  PONG          -                                                          either
//   0x1e  BYE           clean, error if there is one                               either: the session is over
//
// Either peer can be the caller, each with its own numbers: seq belongs to the caller's slot table.
import type { Payload } from '../bytes/payload.ts'
import type { Metadata } from './metadata.ts'

export const protocolVersion = 1

/** Bits of `features`: the optional behaviour that a HELLO asks for, and that the WELCOME confirms. */
export const Feature = {
  /** The session is resumed by a caller that does not know the former caller's calls, such as a reloaded page. */
  FreshCaller: 1,
  /** With it: only if the session has no link, because its former caller may still be there. */
  UnlessLinked: 2,
  /** The session is continued by a server that did not run its calls: see session/foreign-calls.ts. */
  Adopted: 4,
  /** This side knows idempotency keys: as a callee it keeps the key of a call, or refuses the call. */
  Keys: 8,
} as const

export const Kind = {
  Hello: 0x01,
  Welcome: 0x02,
  Refused: 0x03,
  Name: 0x10,
  Call: 0x11,
  Result: 0x12,
  Failure: 0x13,
  Item: 0x14,
  Credit: 0x15,
  Input: 0x16,
  InputEnd: 0x17,
  InputCredit: 0x18,
  Cancel: 0x19,
  Ack: 0x1a,
  Drain: 0x1b,
  Ping: 0x1c,
  Pong: 0x1d,
  Bye: 0x1e,
} as const

/** The limits that each side announces to the other: what it accepts. */
export interface PeerLimits {
  readonly maxFrameBytes: number
  readonly maxCallsInFlight: number
  readonly streamWindowBytes: number
  /** Data of concurrent calls. A single call may have more. */
  readonly maxInFlightBytes: number
}

/** The part of a side's own limits that its peer learns. */
export function peerLimitsOf(limits: PeerLimits): PeerLimits {
  const { maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes } = limits
  return { maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes }
}

export interface HelloFrame {
  readonly kind: typeof Kind.Hello
  readonly version: number
  readonly features: number
  readonly sessionId: string | undefined
  readonly resumeSecret: Uint8Array | undefined
  readonly name: string | undefined
  readonly limits: PeerLimits
  /** One credential for each guard, by guard name. Plain msgpack values. */
  readonly credentials: Readonly<Record<string, unknown>>
}

export interface WelcomeFrame {
  readonly kind: typeof Kind.Welcome
  readonly version: number
  readonly features: number
  readonly sessionId: string
  readonly resumeSecret: Uint8Array
  readonly resumed: boolean
  readonly limits: PeerLimits
}

export interface RefusedFrame {
  readonly kind: typeof Kind.Refused
  readonly error: Payload
}

/** Introduces the number by which CALL frames of this link refer to an action, with the action's contract hash. */
export interface NameFrame {
  readonly kind: typeof Kind.Name
  readonly ref: number
  readonly name: string
  readonly contract: string | undefined
}

export interface CallFrame {
  readonly kind: typeof Kind.Call
  readonly seq: number
  readonly ref: number
  readonly attempt: number
  readonly remainingMs: number | undefined
  /** The number of input streams. A single one without data is the data. */
  readonly inputs: number
  readonly metadata?: Metadata | undefined
  readonly data: Payload
}

export interface ResultFrame {
  readonly kind: typeof Kind.Result
  readonly seq: number
  readonly items: number
  readonly value: Payload
}

export interface FailureFrame {
  readonly kind: typeof Kind.Failure
  readonly seq: number
  readonly items: number
  readonly notStarted: boolean
  readonly error: Payload
}

export interface ItemFrame {
  readonly kind: typeof Kind.Item | typeof Kind.Input
  readonly seq: number
  readonly index: number
  readonly value: Payload
  /** For INPUT: the stream of the call; omitted for the first, 0. */
  readonly stream?: number
}

/** Both numbers only grow, so a repeated or late frame is harmless. */
export interface CreditFrame {
  readonly kind: typeof Kind.Credit | typeof Kind.InputCredit
  readonly seq: number
  /** Items received so far, which the writer may forget. */
  readonly received: number
  /** Stream bytes that may be sent, counted from the start of the stream. */
  readonly granted: number
  /** For INPUT_CREDIT: the stream, as in INPUT. */
  readonly stream?: number
}

export interface InputEndFrame {
  readonly kind: typeof Kind.InputEnd
  readonly seq: number
  readonly items: number
  readonly stream?: number
}

export const CancelReason = { Cancelled: 0, Deadline: 1 } as const
export type CancelReason = (typeof CancelReason)[keyof typeof CancelReason]

export interface CancelFrame {
  readonly kind: typeof Kind.Cancel
  readonly seq: number
  readonly reason: CancelReason
}

export interface AckFrame {
  readonly kind: typeof Kind.Ack
  readonly seqs: readonly number[]
}

export interface BareFrame {
  readonly kind: typeof Kind.Drain | typeof Kind.Ping | typeof Kind.Pong
}

export interface ByeFrame {
  readonly kind: typeof Kind.Bye
  /** Every received call has been answered on this link, so unanswered calls never started. */
  readonly isClean: boolean
  /** Why the session was ended, if that is final: the peer must not reconnect by itself. */
  readonly error?: Payload | undefined
}

/** Frames before the session is established. */
export type HandshakeFrame = HelloFrame | WelcomeFrame | RefusedFrame

/** Frames within a session. */
export type SessionFrame =
  | NameFrame
  | CallFrame
  | ResultFrame
  | FailureFrame
  | ItemFrame
  | CreditFrame
  | InputEndFrame
  | CancelFrame
  | AckFrame
  | ByeFrame
  | BareFrame

export type Frame = HandshakeFrame | SessionFrame

/** The most input streams of one call. */
export const maxInputs = 16

/** The most seqs in one ACK. */
export const maxAcksPerFrame = 1_024

/** The most byte arrays in one rich value. Each costs its reader far more than the two bytes that an empty one takes. */
export const maxByteArrays = 65_000

/** The longest action or client name, in bytes. */
export const maxNameBytes = 512

/** Whether a text can be sent as the name of an action or a client. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && new TextEncoder().encode(name).length <= maxNameBytes
}

/** What an item counts for in a stream's window: its size, but at least this. */
export const minItemCost = 1_024
