// Refused, thrown in place of a handler (by an action of a feature, a pool of threads) when the call did not start. An
// ordinary error that a handler rethrows cannot say so: it is about another call.

/** Answers the call with `error`, as not started. Never sent itself. */
export class Refused extends Error {
  readonly error: unknown

  constructor(error: unknown) {
    super('the call was refused')
    this.error = error
  }
}

/** Runs a step before the start: an error of it refuses the call. */
export function beforeStart<T>(prepare: () => T): T {
  try {
    return prepare()
  } catch (error) {
    throw new Refused(error)
  }
}
