// The limits of a server that gets 128 MB of heap. What one session may make it keep is, roughly, its running data, its
// answers, and for each slot a window and one frame of a stream: the product of those is chosen to stay below 16 MB.
import type { Limits } from '../../../lib/index.ts'

/** A frame's JSON text is parsed in one go: 320 KiB of keys take about 20 milliseconds. */
export const maxFrameBytes = 320 * 1024
export const slots = 64

export const smallLimits: Partial<Limits> = {
  maxFrameBytes,
  maxValueContainers: 100_000,
  maxCallsInFlight: slots,
  streamWindowBytes: 16 * 1024,
  maxInFlightBytes: 4 * 1024 * 1024,
  maxLedgerBytes: 4 * 1024 * 1024,
  maxWriteQueueBytes: 2 * 1024 * 1024,
  maxSessions: 1_000,
  sessionLeaseMs: 200,
}

/** The same, with times that a spec can wait for, and frames so small that all slots together are. */
export const hastyLimits: Partial<Limits> = {
  ...smallLimits,
  maxFrameBytes: 48 * 1024,
  handshakeTimeoutMs: 200,
  frameTimeoutMs: 200,
  heartbeatMs: 150,
  deadAfterMs: 300,
}
