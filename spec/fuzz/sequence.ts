// A sequence: what a peer does, step by step, each told by five small numbers. Frames are plausible (numbers of few
// slots, actions that exist) or mutated; links are cut, resumed and broken in between.
import fc from 'fast-check'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { type Frame, Kind } from '../../lib/core/wire/frames/frame.ts'
import { plainHello } from '../hostile/raw-peer.ts'
import { bytesOfFrames } from '../wire/frame-bytes.ts'
import { mutate } from './mutation.ts'

/** The slots of the server; calls are made in two generations of them, and beside. */
export const slots = 4
export const actionNames = ['Echo', 'Hold', 'Stream', 'Collect', 'Throw', 'CallBack', 'Nobody'] as const

export type Step =
  | { readonly what: 'send'; readonly bytes: Buffer }
  | { readonly what: 'enter' | 'resume'; readonly bytes: Buffer | undefined }
  | { readonly what: 'end' | 'break' | 'settle' }
  | { readonly what: 'wait'; readonly ms: number }

/** What a step is made of. */
type Told = readonly [what: number, a: number, b: number, c: number, mutation: number]

const strangeNumbers = [0, 1, slots - 1, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER]
const mostMutation = 65_535

const anyTold: fc.Arbitrary<Told> = fc.tuple(fc.nat(33), fc.nat(15), fc.nat(15), fc.nat(15), fc.nat(mostMutation))

/** Usually it begins with a HELLO and names; not always, and not always a right one. */
export const anySequence: fc.Arbitrary<readonly Step[]> = fc
  .tuple(fc.nat(9), fc.nat(mostMutation), fc.array(anyTold, { minLength: 1, maxLength: 16 }))
  .map(([beginning, mutation, told]) => [...beginningOf(beginning, mutation), ...told.map(stepOf)])

function beginningOf(beginning: number, mutation: number): Step[] {
  if (beginning === 0) return []
  const hello = bytesOfFrames({ ...plainHello, limits: { ...plainHello.limits, maxCallsInFlight: slots } })
  if (beginning === 1) return [{ what: 'enter', bytes: mutate(hello, mutation) }]
  return [{ what: 'enter', bytes: undefined }, send(...names())]
}

function names(): Frame[] {
  return actionNames.map((name, ref) => ({ kind: Kind.Name, ref, name, contract: undefined }))
}

function stepOf([what, a, b, c, mutation]: Told): Step {
  const link = linkStep(what, a)
  if (link !== undefined) return link
  const bytes = bytesOfFrames(frameOf(what, a, b, c))
  // One in eight is broken.
  return { what: 'send', bytes: mutation % 8 === 7 ? mutate(bytes, Math.floor(mutation / 8)) : bytes }
}

function linkStep(what: number, a: number): Step | undefined {
  switch (what) {
    case 24:
      return { what: 'resume', bytes: undefined }
    case 25:
      return a < 4 ? { what: 'enter', bytes: undefined } : { what: 'resume', bytes: undefined }
    case 26:
      return { what: a < 8 ? 'end' : 'break' }
    case 27:
      return { what: 'wait', ms: a * 100 }
    case 28:
    case 29:
      return { what: 'settle' }
    case 30:
      return send(...names())
    default:
      return undefined
  }
}

function frameOf(what: number, a: number, b: number, c: number): Frame {
  const seq = seqOf(a)
  switch (what) {
    case 6:
    case 7:
      return { kind: Kind.Cancel, seq, reason: b % 2 === 0 ? 0 : 1 }
    case 8:
      return { kind: Kind.Ack, seqs: [seq, seqOf(b)].slice(c % 3) }
    case 9:
    case 10:
      return { kind: Kind.Credit, seq, received: b, granted: c * 2_000 }
    case 11:
    case 12:
    case 13:
      return { kind: Kind.Input, seq, index: b % 6, value: payloadOf(c) }
    case 14:
      return { kind: Kind.InputEnd, seq, items: b % 6 }
    case 15:
      return { kind: Kind.Result, seq, items: b % 3, value: payloadOf(c) }
    case 16:
      return { kind: Kind.Failure, seq, items: b % 3, notStarted: c % 2 === 0, error: payloadOf(c) }
    case 17:
      return { kind: Kind.Item, seq, index: b % 4, value: payloadOf(c) }
    case 18:
      return { kind: Kind.InputCredit, seq, received: b, granted: c * 2_000 }
    case 19:
      return { kind: Kind.Name, ref: b, name: actionNames[c % actionNames.length] as string, contract: undefined }
    case 20:
      return { kind: Kind.Drain }
    case 21:
      return { kind: Kind.Ping }
    case 22:
      return b < 4 ? { kind: Kind.Bye, isClean: c % 2 === 0 } : { kind: Kind.Pong }
    case 23:
      return { ...plainHello, sessionId: 'x' }
    default:
      return callOf(seq, a, b, c)
  }
}

function callOf(seq: number, a: number, b: number, c: number): Frame {
  const ref = b % 8
  const hasInput = ref === 3 ? c !== 0 : c === 15
  // Some end while the sequence goes on, others long after it.
  const remainingMs = a % 5 === 0 ? c * (c < 8 ? 50 : 2_000) : undefined
  return {
    kind: Kind.Call,
    seq,
    ref,
    attempt: 1,
    remainingMs,
    inputs: hasInput ? 1 + (c % 3) : 0,
    data: hasInput ? undefined : payloadOf(c),
  }
}

function seqOf(a: number): number {
  return a < 12 ? slots + a : (strangeNumbers[a % strangeNumbers.length] as number)
}

function payloadOf(c: number): Payload {
  switch (c) {
    case 0:
      return undefined
    case 1:
      return new Uint8Array(3)
    case 2:
      return '{"a":'
    case 3:
      return { json: '"1970-01-01T00:00:00.000Z"', meta: '{"values":["Date"],"v":1}', bytes: [] }
    case 4:
      return { json: '1', meta: '{}', bytes: [new Uint8Array(1)] }
    case 5:
      return JSON.stringify('x'.repeat(3_000))
    case 6:
      return new Uint8Array(20_000)
    default:
      return String(c)
  }
}

function send(...frames: readonly Frame[]): Step {
  return { what: 'send', bytes: bytesOfFrames(...frames) }
}
