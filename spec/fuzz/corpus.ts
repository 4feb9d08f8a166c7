// Frames and msgpack to begin from: arbitrary ones of every kind, made once from a fixed seed, so that a run is told by
// a few numbers and replayed from them.
import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { anyFrame, anyPlain } from '../wire/frame-arbitrary.ts'
import { bytesOfFrames, framed } from '../wire/frame-bytes.ts'

const seed = 1
/** Longer ones would take most of the time, and have no more heads to break. */
const mostBytes = 400

/** Valid frames, each with its length. */
export const validFrames: readonly Buffer[] = fc
  .sample(anyFrame, { numRuns: 3_000, seed })
  .map((frame) => bytesOfFrames(frame))
  .filter((bytes) => bytes.length <= mostBytes)

/** Msgpack of free shape, each as the body of a frame. */
export const plainFrames: readonly Buffer[] = fc
  .sample(anyPlain, { numRuns: 1_000, seed })
  .map((value) => framed(encode(value)))
  .filter((bytes) => bytes.length <= mostBytes)
