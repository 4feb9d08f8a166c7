// Waits for a condition with a deadline; for specs in which no event says that it came true.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** How long to wait, and what for: `what` completes the sentence "waited 5000 ms for ...". */
export interface WaitForOptions {
  /** As it is on a quiet machine; a busy one gets several times as long. Default 2000. */
  readonly timeoutMs?: number
  readonly what?: string
}

const eagerTurns = 20
const pollEveryMs = 2
/** How much slower a busy machine may be. */
const slowness = 5

/**
 * Polls until `predicate` gives a truthy value, and returns it. Throws when the deadline passes; what the predicate
 * itself throws ends the wait at once.
 *
 * @example
 * const session = await waitFor(() => server.sessions[0], { what: 'the first session' })
 */
export async function waitFor<T>(
  predicate: () => T | Promise<T>,
  options: WaitForOptions = {},
): Promise<Exclude<Awaited<T>, false | 0 | '' | null | undefined>> {
  const { timeoutMs = 2_000, what = String(predicate) } = options
  const startedAt = performance.now()
  for (let turn = 0; ; turn++) {
    const value = await predicate()
    // The truthiness test is the narrowing, which the compiler does not see through Awaited<T>.
    if (value) return value as Exclude<Awaited<T>, false | 0 | '' | null | undefined>
    if (performance.now() - startedAt >= timeoutMs * slowness)
      throw new Error(`waited ${timeoutMs * slowness} ms for ${what}`)
    if (turn < eagerTurns) await nextTurn()
    else await sleep(pollEveryMs)
  }
}
