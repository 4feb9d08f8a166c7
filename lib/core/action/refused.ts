// How what stands in for a handler (an action of a feature, a pool of threads) says that the call did not start. An
// error that a handler throws on cannot say that: it tells of another call.

/** Answers the call with `error`, as not started. Never travels itself. */
export class Refused extends Error {
  readonly error: unknown

  constructor(error: unknown) {
    super('the call was refused')
    this.error = error
  }
}

/** Runs what comes before the start: what it throws refuses the call. */
export function beforeStart<T>(prepare: () => T): T {
  try {
    return prepare()
  } catch (error) {
    throw new Refused(error)
  }
}
