// Which runs wait for which: a run that makes a call as its parent is assumed to wait for it. So a unit of work finds
// the calling unit that will not end before it does. Calls without a parent are not seen.
import type { Context } from '../../core/action/context.ts'
import type { NestedCall } from '../../core/action/run-options.ts'

/** A run that makes calls. */
export interface CallingRun {
  readonly context: Pick<Context, 'session' | 'callId'>
  readonly calls: ReadonlySet<NestedCall>
}

/** The most runs that wait for each other: more than a program has. */
const maxDepth = 64

export class NestedRuns<R extends CallingRun> {
  readonly #calling = new Set<R>()

  /** Watches a run's calls until it has none. */
  add(run: R): void {
    this.#calling.add(run)
  }

  delete(run: R): void {
    this.#calling.delete(run)
  }

  /** The nearest run that called this one, directly or not, for which `isSought` is true. */
  above(run: R, isSought: (run: R) => boolean): R | undefined {
    if (this.#calling.size === 0) return undefined
    let at: R | undefined = run
    for (let depth = 0; depth < maxDepth; depth++) {
      at = this.#callerOf(at)
      if (at === undefined || isSought(at)) return at
    }
    return undefined
  }

  #callerOf({ context }: R): R | undefined {
    const { session, callId } = context
    for (const run of this.#calling) {
      for (const call of run.calls) if (call.seq === callId && call.sessionId === session.id) return run
    }
    return undefined
  }
}
