// One service on its server, or one key of a durable one, as clients' requests and the server's own program use it.
import type { Context } from '../../core/action/context.ts'
import type { Holders } from '../../core/server/concurrency-limiter.ts'
import type { ServicePhase } from './phases.ts'
import type { Verb } from './service.ts'

export interface ServiceInstance {
  readonly name: string
  /** undefined: it is durable, and its store knows. */
  readonly phase: ServicePhase | undefined
  readPhase(): Promise<ServicePhase>
  /** Calls that wait for their turn at this server. */
  readonly queuedCount: number
  /** Runs a method in its turn. Rejects with what it throws, or with Refused and why it was not started. */
  run(verb: Verb, args: unknown, context: Context<unknown>, asked?: HostRun): Promise<void>
}

/** The request for one run. */
export interface HostRun {
  /** The account that it counts for while it waits. Default: the server's own. */
  readonly holders?: Holders | undefined
  /** Called when exit has ended, even if it threw. */
  readonly onTerminated?: (() => void) | undefined
  /** Set when the client waits for the receipt only. */
  readonly receipt?: Receipt
}

export interface Receipt {
  /** Replaces the context's signal: the run does not end with its client. */
  readonly signal: AbortSignal
  /** Called once when the run is accepted: it has started, or has a guaranteed place in the queue. */
  onAccepted(): void
}
