// The messages between a server and a thread that runs an action for it. Values cross as their encoded payloads: each side
// has its own codec, and only bytes and texts are cloned.
import type { MessagePort } from 'node:worker_threads'
import { Packed } from '../../core/wire/bytes/packed.ts'
import type { Payload } from '../../core/wire/bytes/payload.ts'
import type { Metadata } from '../../core/wire/frames/metadata.ts'
import type { ValueLimits } from '../../core/wire/values/value-limits.ts'

/** A payload that can be cloned. */
export type SentPayload = Exclude<Payload, Packed> | { readonly packed: Uint8Array<ArrayBuffer> }

/** The task of a thread. */
export interface ThreadTask {
  /** The URL of the module that exports the class. */
  readonly module: string
  /** The URL of the server's TypeScript loader, if it has one. */
  readonly loader?: string | undefined
  /** The wire name of that class. */
  readonly className: string
  /** The wire name of the action, for errors. */
  readonly name: string
  /** The server's limits on values. */
  readonly limits: ValueLimits
  readonly data: SentPayload
  /** Items, log lines and the abort; see below. */
  readonly port: MessagePort
  readonly call: ThreadCallView
}

/** The fields of the call for the action's context. */
export interface ThreadCallView {
  readonly callId: number
  readonly attempt: number
  readonly metadata: Metadata
  readonly sessionId: string
  readonly sessionName: string | undefined
  /** undefined: no identity, or one that could not be cloned. */
  readonly identity: unknown
  readonly remainingMs: number
}

/** How a run ended. */
export type ThreadResult =
  | { readonly ok: true; readonly value: SentPayload }
  | { readonly ok: false; readonly error: SentPayload; readonly notStarted: boolean }

/** From the thread. Every item is answered before the result is sent, so no answer is late. */
export type ThreadMessage =
  | { readonly kind: 'begun' }
  | { readonly kind: 'item'; readonly item: SentPayload }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: object; readonly message: string }

/** To the thread. `taken` and `refused` answer the items in their order; `abort` may come before the run has begun. */
export type ServerMessage =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly error: SentPayload }
  | { readonly kind: 'abort'; readonly error: SentPayload }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export function toSent(payload: Payload): SentPayload {
  if (!(payload instanceof Packed)) return payload
  // Other payloads share its slab or chunk.
  return { packed: new Uint8Array(payload.bytes.subarray(payload.start, payload.end)) }
}

export function fromSent(sent: SentPayload): Payload {
  if (typeof sent !== 'object' || !('packed' in sent)) return sent
  return new Packed(sent.packed, 0, sent.packed.length)
}

/** The memory that can be moved with an exclusively owned payload instead of being copied. */
export function movable(sent: SentPayload): ArrayBuffer[] {
  if (typeof sent !== 'object') return []
  if ('packed' in sent) return [sent.packed.buffer]
  const arrays = sent instanceof Uint8Array ? [sent] : sent.bytes
  return [...new Set(arrays.flatMap((bytes) => wholeBufferOf(bytes)))]
}

/** None when others use a part of it, or it is shared between threads anyway. */
function wholeBufferOf({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}
