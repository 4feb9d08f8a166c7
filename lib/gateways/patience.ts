// How long whoever reads may take for what waits, for all gateways: one that takes nothing is let go, one that is merely
// slow is not.

/** Slower than this nobody has to be waited for. */
const slowestBytesPerMs = 16

/** How long a client may take to take so much. */
export function patienceMs(bytes: number, maxStallMs: number): number {
  return maxStallMs + bytes / slowestBytesPerMs
}
