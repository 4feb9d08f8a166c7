// A run that does not start, because the answer of its call is recorded: the runner sends that one.
import { Refused } from '../../core/action/refused.ts'
import type { RunContext, RunFeature } from '../../core/action/run-context.ts'
import type { RecordedAnswer } from '../../core/session/call-records.ts'

class ReplayedRun implements RunFeature {
  readonly db = undefined
  readonly #recorded: Promise<RecordedAnswer>

  constructor(recorded: RecordedAnswer) {
    this.#recorded = Promise.resolve(recorded)
  }

  keep(): Promise<RecordedAnswer> {
    return this.#recorded
  }

  undo(): Promise<RecordedAnswer> {
    return this.#recorded
  }

  forClient<T>(waiting: Promise<T>): Promise<T> {
    return waiting
  }

  onCall(): void {}
}

/** To be thrown in place of a run. */
export function replayed(context: RunContext, recorded: RecordedAnswer): Refused {
  context.provide(new ReplayedRun(recorded))
  return new Refused(undefined)
}
