// What becomes of what an action throws, at the side that runs it: what was meant for the caller is its answer, everything
// else is a fault of the program, which its author must see.
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
  /** Faults are reported elsewhere: they are logged as debug. */
  readonly isQuiet: boolean
}

/** isock's own errors that a handler gets of others, and passes on. */
const passedOn = [AuthError, BusyError, CancelledError, DeadlineError, OutcomeUnknownError]

/** isock's own errors that say that the program is wrong. */
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
  /** Logged within the window: an error that goes through several hands is one error. */
  #logged = new WeakSet<object>()
  #windowStart = Number.NEGATIVE_INFINITY

  constructor(options: ThrownErrorsOptions) {
    this.#options = options
    this.#log = boundedErrors(options.log, () => options.clock.now())
  }

  /** A handler threw. Never throws. */
  thrown(error: unknown, action: string, fields: object): void {
    quietly(() => {
      if (this.#isFault(error))
        this.fault(error, `action "${action}" failed with an error that it does not declare`, fields)
      else this.#options.log.debug({ ...fields, error }, `action "${action}" threw`)
    })
  }

  /** Something failed that is nobody's answer, or not only. Never throws. */
  fault(error: unknown, message: string, fields: object): void {
    const isLogged = this.#options.isQuiet || this.#wasLogged(error)
    quietly(() => {
      if (isLogged) this.#options.log.debug({ ...fields, error }, message)
      else this.#log.error({ ...fields, error }, message)
    })
  }

  #isFault(error: unknown): boolean {
    if (error instanceof RemoteError) return true
    // The codes of ActionErrors are the program's own.
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

/** A logger may fail, and an error whose parts throw when they are read makes it. The call must be answered all the same. */
function quietly(log: () => void): void {
  try {
    log()
  } catch {
    // There is nowhere else to say it.
  }
}

/** What Node's and browsers' functions reject with when their signal aborts. */
function isAbort(error: unknown): boolean {
  return (error as { readonly name?: unknown } | null | undefined)?.name === 'AbortError'
}
