// Bytes that are nearly frames, or nothing like them, into decoder, reader and codec: a frame comes out or a
// ProtocolError, a value or BAD_REQUEST, the same for every cut into chunks, and never more than came.
import { isDeepStrictEqual } from 'node:util'
import { decode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { ProtocolError, ServerError } from '../../lib/core/base/errors.ts'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import type { Frame } from '../../lib/core/wire/frames/frame.ts'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { readHandshakeFrame, readSessionFrame } from '../../lib/core/wire/frames/frame-reader.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { helloStart } from '../hostile/hostile-bytes.ts'
import { arrayOfFrame } from '../wire/frame-arrays.ts'
import { exactFrame, framed, fromHex, payloadOf } from '../wire/frame-bytes.ts'
import { plainFrames, validFrames } from './corpus.ts'
import { mostMutations, mutate } from './mutation.ts'

const codec = new StandardCodec(new ClassRegistry())
/** Far above what comes, so that lengths can lie. */
const maxFrameBytes = 2 ** 24
/** Far more than any run takes; less than what one takes that does not end. */
const mostMs = 1_000
/** What a decoder may reserve for each byte that came, and beside that. */
const reservedForByte = 20
const reservedBytes = 128 * 1024
/** What reading may take of the heap, garbage included: some twenty times what a run takes. */
const heapBytes = 8 * 1024 * 1024

/** A run of the property: what is sent, how it is cut, and whether as first frames or within a session. */
interface Stream {
  readonly pieces: readonly Uint8Array[]
  readonly cuts: readonly number[]
  readonly isHandshake: boolean
}

/** Heads of msgpack that declare much and hold little. */
const heavyHeads = [
  '91',
  '9f',
  'dcffff',
  'dd0000ffff',
  'ddffffffff',
  '81a161',
  'deffff',
  'df0000ffff',
  'dbffffffff',
  'c6ffffffff',
]

const anyBomb: fc.Arbitrary<Buffer> = fc
  .array(fc.tuple(fc.constantFrom(...heavyHeads), fc.nat(80)), { minLength: 1, maxLength: 4 })
  .map((heads) => fromHex(heads.map(([head, count]) => head.repeat(count)).join('')))

const anyPiece: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 6, arbitrary: mutated(fc.nat(validFrames.length - 1).map((i) => validFrames[i] as Buffer)) },
  { weight: 2, arbitrary: mutated(fc.nat(plainFrames.length - 1).map((i) => plainFrames[i] as Buffer)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 24 }) },
  { weight: 1, arbitrary: anyBomb.map((bomb) => framed(Buffer.concat([helloStart, fromHex('81 a1 61'), bomb]))) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 24 }).map(framed) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 0x90, max: 0x9f }), fc.nat(0x22), fc.uint8Array({ maxLength: 24 }))
      .map(([head, kind, rest]) => framed(Uint8Array.of(head, kind, ...rest))),
  },
)

const anyStream: fc.Arbitrary<Stream> = fc.record({
  pieces: fc.array(anyPiece, { minLength: 1, maxLength: 4 }),
  cuts: fc.array(fc.nat(60), { maxLength: 6 }),
  isHandshake: fc.boolean(),
})

/** `onRun` is told of each run. */
export function frameProperty(onRun: () => void): fc.IProperty<[Stream]> {
  return fc.property(anyStream, ({ pieces, cuts, isHandshake }) => {
    onRun()
    const bytes = Buffer.concat(pieces)
    const startedAt = performance.now()
    const whole = read([bytes], isHandshake, bytes.length)
    const cut = read(chunksOf(bytes, cuts), isHandshake, bytes.length)
    if (!isDeepStrictEqual(whole, cut)) {
      throw new Error(`it was read as ${describe(whole)}, and in chunks as ${describe(cut)}`)
    }
    const tookMs = performance.now() - startedAt
    if (tookMs > mostMs) throw new Error(`it took ${tookMs} ms`)
  })
}

interface Reading {
  readonly frames: readonly Frame[]
  /** Why there are no more, if so. */
  readonly fault: string | undefined
}

function read(chunks: readonly Uint8Array[], isHandshake: boolean, cameBytes: number): Reading {
  const reader = new MsgpackReader()
  const frames: Frame[] = []
  const decoder = new FrameDecoder(maxFrameBytes, (bytes, start, end, isOwned) => {
    let frame: Frame
    if (isHandshake) frame = readHandshakeFrame(bytes, start, end, reader)
    else {
      reader.open(bytes, start, end, isOwned)
      frame = readSessionFrame(reader)
    }
    reader.release()
    // A packed value is a place in the chunk that it came in.
    frames.push(exactFrame(frame))
    const payload = payloadOf(frame)
    decodeValue(payload)
    // Only its own reader looks into a packed value.
    if (!(payload instanceof Packed)) compare(frame, bytes.subarray(start, end))
  })
  const before = process.memoryUsage()
  let fault: string | undefined
  try {
    for (const chunk of chunks) decoder.push(chunk)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    fault = error.message
  }
  const after = process.memoryUsage()
  const reserved = after.arrayBuffers - before.arrayBuffers
  const grown = after.heapUsed - before.heapUsed
  if (reserved > reservedBytes + reservedForByte * cameBytes) {
    throw new Error(`${reserved} bytes were reserved for ${cameBytes} that came`)
  }
  if (grown > heapBytes) throw new Error(`the heap grew by ${grown} bytes for ${cameBytes} that came`)
  const held = sizeOf(frames)
  // A number, a nil and a flag count for one, and take a byte.
  if (held > 2 * cameBytes + 32) throw new Error(`${held} bytes came out of ${cameBytes}`)
  return { frames, fault }
}

/** What we take for a frame is one to another reader too: nothing more, and nothing less. */
function compare(frame: Frame, body: Uint8Array): void {
  const array = decode(body) as unknown[]
  const ours = arrayOfFrame(frame)
  if (array.length !== ours.length || array[0] !== frame.kind) {
    throw new Error(`${Buffer.from(body).toString('hex')} was read as a frame of kind ${frame.kind}`)
  }
}

function decodeValue(payload: Payload): void {
  try {
    codec.decode(payload)
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== 'BAD_REQUEST') throw error
  }
}

/** What a value holds: its characters, bytes and items. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (value instanceof Uint8Array) return value.length
  if (typeof value !== 'object' || value === null) return 0
  let size = Array.isArray(value) ? value.length : 0
  for (const part of Object.values(value)) size += sizeOf(part)
  return size
}

function chunksOf(bytes: Buffer, cuts: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let at = 0
  for (const cut of cuts) {
    chunks.push(bytes.subarray(at, at + cut))
    at += cut
  }
  return [...chunks, bytes.subarray(at)]
}

/** Bytes with up to two mutations, and often none. */
function mutated(original: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(original, fc.array(fc.nat(mostMutations), { maxLength: 2 }))
    .map(([bytes, mutations]) => mutations.reduce(mutate, bytes))
}

function describe({ frames, fault }: Reading): string {
  return `${frames.length} frames ${JSON.stringify(frames)} and ${fault ?? 'no fault'}`
}
