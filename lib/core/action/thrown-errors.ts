// Sorts what an action throws, on the side that runs it: errors meant for the caller are only its answer; all others are
// faults of the program, which its author must see.
import type { Clock } from '../base/clock.ts'
import {
  ActionError,
  AuthError,
  BusyError,
  CancelledError,
  DeadlineError,
  IsockError,
  OutcomeUnknownError,
  RemoteError,
} from '../base/errors.ts'
import { boundedErrors, type Logger, windowMs } from '../base/log.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import { isMeantForCallers } from '../wire/rich/discreet-error.ts'

export interface ThrownErrorsOptions {
  readonly classes: ClassRegistry
  readonly clock: Clock
  readonly log: Logger
  /** Faults are reported elsewhere, so they are logged at debug level. */
  readonly isQuiet: boolean
}

/** isock's own errors that a handler gets from its own calls, and rethrows. */
const passedOn = [AuthError, BusyError, CancelledError, DeadlineError, OutcomeUnknownError]

/** isock's own errors that are bugs of the program. */
const ofFaults: ReadonlySet<string> = new Set([
  'INTERNAL',
  'INVALID_USAGE',
  'INVALID_OPTION',
  'INVALID_OUTPUT',
  'UNSENDABLE',
  'TOO_LARGE',
  'WORKER_FAILED',
])

export class ThrownErrors {
  readonly #options: ThrownErrorsOptions
  readonly #log: Logger
  /** Errors logged within the window: one that several handlers rethrow is logged once. */
  #logged = new WeakSet<object>()
  #windowStart = Number.NEGATIVE_INFINITY

  constructor(options: ThrownErrorsOptions) {
    this.#options = options
    this.#log = boundedErrors(options.log, () => options.clock.now())
  }

  /** Called when a handler threw. Never throws. */
  thrown(error: unknown, action: string, fields: object): void {
    quietly(() => {
      if (this.#isFault(error))
        this.fault(error, `action "${action}" failed with an error that it does not declare`, fields)
      else this.#options.log.debug({ ...fields, error }, `action "${action}" threw`)
    })
  }

  /** Called with an error that is not only, or not at all, a caller's answer. Never throws. */
  fault(error: unknown, message: string, fields: object): void {
    const isLogged = this.#options.isQuiet || this.#wasLogged(error)
    quietly(() => {
      if (isLogged) this.#options.log.debug({ ...fields, error }, message)
      else this.#log.error({ ...fields, error }, message)
    })
  }

  #isFault(error: unknown): boolean {
    if (error instanceof RemoteError) return true
    // The program defines the codes of its ActionErrors.
    if (error instanceof IsockError && ofFaults.has(error.code)) return !(error instanceof ActionError)
    if (isMeantForCallers(error, this.#options.classes)) return false
    return !passedOn.some((Class) => error instanceof Class) && !isAbort(error)
  }

  #wasLogged(error: unknown): boolean {
    if (typeof error !== 'object' || error === null) return false
    const now = this.#options.clock.now()
    if (now - this.#windowStart >= windowMs) {
      this.#windowStart = now
      this.#logged = new WeakSet()
    }
    if (this.#logged.has(error)) return true
    this.#logged.add(error)
    return false
  }
}

/** A logger may throw, as on an error whose getters throw. The call must still be answered. */
function quietly(log: () => void): void {
  try {
    log()
  } catch {
    // There is nowhere else to report it.
  }
}

/** The name of errors that functions of Node and browsers reject with when their signal aborts. */
function isAbort(error: unknown): boolean {
  return (error as { readonly name?: unknown } | null | undefined)?.name === 'AbortError'
}
