// Arbitrary frames for property specs: every kind, numbers of every width, payloads of every form.
import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { type Frame, Kind, maxInputs, type SessionFrame } from '../../lib/core/wire/frames/frame.ts'
import { amongOthers } from './frame-bytes.ts'

/** Whole numbers around the borders of msgpack's widths, and any others. */
export const anyUint: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
  fc.nat(2_048),
)

/** Texts of all lengths that matter to heads; lone surrogates are left to frame-texts.spec.ts. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.tuple(fc.constantFrom('x', 'é', '€', '😀'), fc.nat(300)).map(([unit, count]) => unit.repeat(count)),
  fc.constantFrom(10, 11, 85, 86, 255, 256, 16_383, 16_384, 21_845, 21_846, 70_000).map((count) => '€'.repeat(count)),
)

export const anyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.tuple(fc.constantFrom(0, 255, 256, 16_383, 16_384, 65_535, 65_536), fc.nat(255)).map(([length, fill]) => {
    return new Uint8Array(length).fill(fill)
  }),
)

const anyLimits = fc.record({
  maxFrameBytes: anyUint.map((limit) => Math.max(1, limit)),
  maxCallsInFlight: fc.nat(65_536),
  streamWindowBytes: anyUint.map((limit) => Math.max(1, limit)),
  maxInFlightBytes: anyUint.map((limit) => Math.max(1, limit)),
})

const anyName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 })
const anyShortName = fc.string({ minLength: 1, maxLength: 512 })
const anySecret = fc.uint8Array({ maxLength: 64 })

/** msgpack has one zero. */
const anyDouble = fc.double({ noNaN: true }).map((number) => (number === 0 ? 0 : number))

/** Plain msgpack, as guards get it; msgpack has no keys that would reach a prototype. */
export const anyPlain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), anyDouble, fc.string(), anySecret),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value

export const anyPayload: fc.Arbitrary<Payload> = fc.oneof(
  fc.constant(undefined),
  fc.oneof(anyPlain, anyText, anyBytes).map((value) => amongOthers(encode(value), (...place) => new Packed(...place))),
  anyText,
  anyBytes,
  fc.record({ json: anyText, meta: anyText, bytes: fc.array(anyBytes, { maxLength: 20 }) }),
)

const anyCredentials = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__'),
  anyPlain,
  { maxKeys: 4, noNullPrototype: true },
)

const orNothing = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

/** Any input stream but the first, which goes without saying. */
const anyStream = fc.integer({ min: 1, max: maxInputs - 1 })

const anyMetadata = fc.dictionary(
  fc.stringMatching(/^[a-z0-9._-]{1,40}$/).filter((key) => key !== '__proto__'),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  { maxKeys: 20, noNullPrototype: true },
)

/** Any frame of a session. */
export const anySessionFrame: fc.Arbitrary<SessionFrame> = fc.oneof(
  fc.record({ kind: fc.constant(Kind.Name), ref: anyUint, name: anyShortName, contract: orNothing(anyShortName) }),
  fc.record({
    kind: fc.constant(Kind.Call),
    seq: anyUint,
    ref: anyUint,
    attempt: anyUint,
    remainingMs: orNothing(anyUint),
    inputs: fc.nat({ max: maxInputs }),
    metadata: orNothing(anyMetadata),
    data: anyPayload,
  }),
  fc.record({ kind: fc.constant(Kind.Result), seq: anyUint, items: anyUint, value: anyPayload }),
  fc.record({
    kind: fc.constant(Kind.Failure),
    seq: anyUint,
    items: anyUint,
    notStarted: fc.boolean(),
    error: anyPayload,
  }),
  fc.record({ kind: fc.constantFrom(Kind.Item, Kind.Input), seq: anyUint, index: anyUint, value: anyPayload }),
  fc.record({ kind: fc.constant(Kind.Input), seq: anyUint, index: anyUint, value: anyPayload, stream: anyStream }),
  fc.record({
    kind: fc.constantFrom(Kind.Credit, Kind.InputCredit),
    seq: anyUint,
    received: anyUint,
    granted: anyUint,
  }),
  fc.record({
    kind: fc.constant(Kind.InputCredit),
    seq: anyUint,
    received: anyUint,
    granted: anyUint,
    stream: anyStream,
  }),
  fc.record({ kind: fc.constant(Kind.InputEnd), seq: anyUint, items: anyUint }),
  fc.record({ kind: fc.constant(Kind.InputEnd), seq: anyUint, items: anyUint, stream: anyStream }),
  fc.record({ kind: fc.constant(Kind.Cancel), seq: anyUint, reason: fc.constantFrom(0 as const, 1 as const) }),
  fc.record({ kind: fc.constant(Kind.Ack), seqs: fc.array(anyUint, { maxLength: 40 }) }),
  fc.record({ kind: fc.constantFrom(Kind.Drain, Kind.Ping, Kind.Pong) }),
  fc.record({ kind: fc.constant(Kind.Bye), isClean: fc.boolean(), error: orNothing(anyPayload) }),
)

/** Any frame. */
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 12, arbitrary: anySessionFrame },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant(Kind.Hello),
      version: anyUint,
      features: anyUint,
      sessionId: orNothing(anyName),
      resumeSecret: orNothing(anySecret),
      name: orNothing(anyName),
      limits: anyLimits,
      credentials: anyCredentials,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant(Kind.Welcome),
      version: anyUint,
      features: anyUint,
      sessionId: anyName,
      resumeSecret: anySecret,
      resumed: fc.boolean(),
      limits: anyLimits,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant(Kind.Refused), error: anyPayload }) },
)
