// The interface between a client and its features: the clock, randomness, and the client itself to run actions.
import type { Caller } from '../action/context.ts'
import type { BackoffOptions } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { HandlerTurns } from '../base/handler-turns.ts'
import type { KnownClasses } from '../base/known-classes.ts'
import type { Logger } from '../base/log.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'

export interface ClientKit {
  readonly client: Caller
  /** The classes whose instances keep their class on the wire. */
  readonly classes: ClassRegistry
  /** The channels, services and processes that this client has used, by name. */
  readonly known: KnownClasses
  readonly clock: Clock
  /** The turns in which handlers run. Default: those of the clock. */
  readonly turns?: HandlerTurns | undefined
  readonly random: () => number
  readonly backoff: BackoffOptions
  readonly log: Logger
}
