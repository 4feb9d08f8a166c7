// Answers and their items as bytes: the form in which payloads are sent.
import { ServerError } from '../../../core/base/errors.ts'
import type { RecordedAnswer } from '../../../core/session/call-records.ts'
import type { Payload } from '../../../core/wire/bytes/payload.ts'
import { Slabs } from '../../../core/wire/bytes/slabs.ts'
import { Kind } from '../../../core/wire/frames/frame.ts'
import { readPayload } from '../../../core/wire/frames/frame-reader.ts'
import { writePayload } from '../../../core/wire/frames/frame-writer.ts'
import { MsgpackReader } from '../../../core/wire/frames/msgpack-reader.ts'
import { MsgpackWriter } from '../../../core/wire/frames/msgpack-writer.ts'
import type { Row } from './durable-store.ts'
import { AnswerState } from './tables.ts'

/** An answer in the columns of its row. */
export interface StoredAnswer {
  readonly state: number
  /** Each with its length before it; null: there are none. */
  readonly items: Uint8Array | null
  readonly answer: Uint8Array
}

/** Bytes of the length before a payload. */
const headBytes = 4

/** Where bytes are written before they are copied: a slab for each answer would be 64 KiB of memory for some hundred bytes. */
const slabs = new Slabs()

export function storedForm({ answer, items }: RecordedAnswer): StoredAnswer {
  const isResult = answer.kind === Kind.Result
  const payload = isResult ? answer.value : answer.error
  const failed = !isResult && answer.notStarted ? AnswerState.Buried : AnswerState.Failure
  return {
    state: isResult ? AnswerState.Result : failed,
    items: items.length === 0 ? null : bytesOf(items),
    answer: payloadBytes(payload),
  }
}

/** The answer in a row, for the call of this number. */
export function recordedIn(row: Row, seq: number): RecordedAnswer {
  const payload = payloadIn(bytesIn(row['answer']))
  const items = row['items'] === null ? [] : itemsIn(bytesIn(row['items']))
  const state = Number(row['state'])
  const count = items.length
  if (state === AnswerState.Result) return { answer: { kind: Kind.Result, seq, items: count, value: payload }, items }
  const notStarted = state === AnswerState.Buried
  return { answer: { kind: Kind.Failure, seq, items: count, notStarted, error: payload }, items }
}

/** A payload by itself. */
export function payloadBytes(payload: Payload): Uint8Array {
  return bytesOf([payload]).subarray(headBytes)
}

function bytesOf(payloads: readonly Payload[]): Uint8Array {
  const writer = new MsgpackWriter(slabs)
  for (const payload of payloads) {
    writer.beginFrame()
    writePayload(writer, payload)
    writer.endFrame()
  }
  return Buffer.concat(writer.take())
}

function itemsIn(bytes: Uint8Array): Payload[] {
  const items: Payload[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const start = at + headBytes
    at = start + view.getUint32(at)
    items.push(payloadIn(bytes.subarray(start, at)))
  }
  return items
}

export function payloadIn(bytes: Uint8Array): Payload {
  const reader = new MsgpackReader()
  reader.open(bytes, 0, bytes.length, true)
  return readPayload(reader)
}

/** libsql returns an ArrayBuffer, PostgreSQL a Buffer. */
export function bytesIn(column: unknown): Uint8Array {
  if (column instanceof ArrayBuffer) return new Uint8Array(column)
  if (column instanceof Uint8Array) return column
  throw new ServerError('bytes in the store cannot be read')
}
