// Frames as the plain arrays that PROTOCOL.md speaks of, and back: written from the document, not from the writer, so
// that the two are held against each other.
import { decode } from '@msgpack/msgpack'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { type Frame, Kind, type PeerLimits } from '../../lib/core/wire/frames/frame.ts'
import { ValuePacker } from '../../lib/core/wire/packed/value-packer.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'

/** The array that a msgpack decoder must see in the body of this frame. */
export function arrayOfFrame(frame: Frame): unknown[] {
  return [frame.kind, ...fieldsOf(frame)]
}

function fieldsOf(frame: Frame): unknown[] {
  switch (frame.kind) {
    case Kind.Hello:
      return [
        frame.version,
        frame.features,
        frame.sessionId ?? null,
        frame.resumeSecret ?? null,
        frame.name ?? null,
        arrayOfLimits(frame.limits),
        frame.credentials,
      ]
    case Kind.Welcome:
      return [
        frame.version,
        frame.features,
        frame.sessionId,
        frame.resumeSecret,
        frame.resumed,
        arrayOfLimits(frame.limits),
      ]
    case Kind.Refused:
      return [partOfPayload(frame.error)]
    case Kind.Name:
      return [frame.ref, frame.name, frame.contract ?? null]
    case Kind.Call: {
      const { seq, ref, attempt, remainingMs, inputs, metadata, data } = frame
      const texts = metadata === undefined ? [] : [Object.entries(metadata).flat()]
      return [seq, ref, attempt, remainingMs ?? null, inputs, ...texts, partOfPayload(data)]
    }
    case Kind.Result:
      return [frame.seq, frame.items, partOfPayload(frame.value)]
    case Kind.Failure:
      return [frame.seq, frame.items, frame.notStarted ? 1 : 0, partOfPayload(frame.error)]
    case Kind.Item:
    case Kind.Input:
      return [frame.seq, frame.index, ...partOfStream(frame), partOfPayload(frame.value)]
    case Kind.Credit:
    case Kind.InputCredit:
      return [frame.seq, frame.received, frame.granted, ...partOfStream(frame)]
    case Kind.InputEnd:
      return [frame.seq, frame.items, ...partOfStream(frame)]
    case Kind.Cancel:
      return [frame.seq, frame.reason]
    case Kind.Ack:
      return [frame.seqs]
    case Kind.Bye:
      return [frame.isClean ? 1 : 0, ...(frame.error === undefined ? [] : [partOfPayload(frame.error)])]
    default:
      return []
  }
}

function metadataOfTexts(texts: readonly string[]): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (let i = 0; i < texts.length; i += 2) metadata[texts[i] as string] = texts[i + 1] as string
  return metadata
}

/** The frame that such an array says. The arrays are the specs' own, so nothing is checked. */
export function frameOfArray(array: readonly unknown[]): Frame {
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own types here
  const [kind, a, b, c, d, e, f, g] = array as any[]
  switch (kind) {
    case Kind.Hello:
      return {
        kind,
        version: a,
        features: b,
        sessionId: c ?? undefined,
        resumeSecret: d ?? undefined,
        name: e ?? undefined,
        limits: limitsOfArray(f),
        credentials: g,
      }
    case Kind.Welcome:
      return { kind, version: a, features: b, sessionId: c, resumeSecret: d, resumed: e, limits: limitsOfArray(f) }
    case Kind.Refused:
      return { kind, error: payloadOfPart(a) }
    case Kind.Name:
      return { kind, ref: a, name: b, contract: c ?? undefined }
    case Kind.Call:
      return {
        kind,
        seq: a,
        ref: b,
        attempt: c,
        remainingMs: d ?? undefined,
        inputs: e as number,
        metadata: array.length === 8 ? metadataOfTexts(f) : undefined,
        data: payloadOfPart(array.length === 8 ? g : f),
      }
    case Kind.Result:
      return { kind, seq: a, items: b, value: payloadOfPart(c) }
    case Kind.Failure:
      return { kind, seq: a, items: b, notStarted: c === 1, error: payloadOfPart(d) }
    case Kind.Item:
    case Kind.Input:
      if (array.length === 5) return { kind, seq: a, index: b, stream: c, value: payloadOfPart(d) }
      return { kind, seq: a, index: b, value: payloadOfPart(c) }
    case Kind.Credit:
    case Kind.InputCredit:
      return { kind, seq: a, received: b, granted: c, ...streamOfPart(d) }
    case Kind.InputEnd:
      return { kind, seq: a, items: b, ...streamOfPart(c) }
    case Kind.Cancel:
      return { kind, seq: a, reason: b }
    case Kind.Ack:
      return { kind, seqs: a }
    case Kind.Bye:
      return { kind, isClean: a === 1, error: b === undefined ? undefined : payloadOfPart(b) }
    default:
      return { kind }
  }
}

function partOfStream({ stream }: { readonly stream?: number }): number[] {
  return stream === undefined ? [] : [stream]
}

function streamOfPart(part: number | undefined): { readonly stream?: number } {
  return part === undefined ? {} : { stream: part }
}

function arrayOfLimits({ maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes }: PeerLimits): number[] {
  return [maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes]
}

function limitsOfArray([maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes]: [
  number,
  number,
  number,
  number,
]): PeerLimits {
  return { maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes }
}

function partOfPayload(payload: Payload): unknown {
  if (payload === undefined) return null
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload
  if (payload instanceof Packed) return [decode(payload.bytes.subarray(payload.start, payload.end))]
  return [payload.json, payload.meta, ...payload.bytes]
}

function payloadOfPart(part: unknown): Payload {
  if (part === null) return undefined
  if (!Array.isArray(part)) return part as string | Uint8Array
  if (part.length === 1) return new ValuePacker(defaultValueLimits).pack(part[0])
  const [json, meta, ...bytes] = part as [string, string, ...Uint8Array[]]
  return { json, meta, bytes }
}
