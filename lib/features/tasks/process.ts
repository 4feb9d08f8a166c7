// Process, work that runs as long as the server and sends events to its listeners. Both sides may import the class: clients
// use its name, event types and error classes.
import type { BackoffOptions } from '../../core/base/backoff.ts'
import { brand } from '../../core/base/brand.ts'
import { requireNameOf } from '../../core/base/class-name.ts'
import { invalidUsage } from '../../core/base/errors.ts'
import type { OptionTable } from '../../core/base/option-table.ts'
import type { AnyClass, ClassRegistry, ErrorClass } from '../../core/wire/rich/class-registry.ts'
import type { TaskContext } from './task.ts'

/** Selects the listeners that get an event. */
export interface SendOptions {
  /** The id of a session, or several. Default: all listeners. */
  readonly to?: string | readonly string[] | undefined
}

/** Undefined would send an event for some listeners to all of them. */
export const sendOptions: OptionTable<SendOptions> = { to: 'protects' }

/** Sends the events of one run of a process. `Events` maps the names of events to their data. */
export interface ProcessOutput<in Events extends object = Record<string, unknown>> {
  /** The current number of listeners. */
  readonly listenerCount: number
  /**
   * Sends an event to all listeners, or to some. Never waits: each listener has its own queue. Returns the number of
   * listeners that it was sent to.
   *
   * @throws ServerError (`UNKNOWN_SESSION`, `CLOSED`), UnsendableError (also `TOO_LARGE`); the signal's reason once the
   *   process was stopped.
   */
  send<E extends keyof Events & string>(event: E, data: Events[E], options?: SendOptions): number
  /** Ends the process as failed, without a restart. All listeners get this error, and so do later ones. */
  fail(error: unknown): void
  /** Ends the process as finished. The streams of all listeners end, and so do later ones. */
  finish(): void
}

/** The context of a run of a process. */
export interface ProcessContext<in Events extends object = Record<string, unknown>> extends TaskContext {
  readonly output: ProcessOutput<Events>
}

/**
 * Work that starts with the server and sends events to the clients that listen. A process that throws is restarted after
 * a backoff; one that returns has finished. The idea is Igor's.
 *
 * @example
 * class Counter extends Process<{ tick: number }> {
 *   async run({ output, signal }: ProcessContext<{ tick: number }>) {
 *     for (let n = 1; !signal.aborted; n++) {
 *       output.send('tick', n)
 *       await setTimeout(1_000, undefined, { signal })
 *     }
 *   }
 * }
 * server.addProcess('counter', new Counter())
 */
export abstract class Process<Events extends object = Record<string, unknown>> {
  /** The name of the process, unless `addProcess` is given one; clients use it too. Default: the class name. */
  static processName?: string
  /** A one-line description, shown by `isock ls`. */
  static description?: string
  /** Error classes that keep their class at listeners. */
  static errors?: readonly ErrorClass[]
  /** Other classes whose instances keep their class in events. */
  static classes?: readonly AnyClass[]

  /** Type-only; never set at run time. */
  declare readonly eventsType?: Events

  /** Whether the process starts with the server, or when it is added to a running one. Default true. */
  readonly startsWithServer: boolean = true
  /** Restarts in a row before the process has failed. Default 5. */
  readonly maxRestarts: number = 5
  /** The delay before a restart, in milliseconds. Default: 1 000, doubling up to 30 000. */
  readonly restartBackoff: BackoffOptions = { minMs: 1_000, maxMs: 30_000 }
  /** A run of at least this duration in milliseconds resets the count of restarts. Default 60 000. */
  readonly healthyAfterMs: number = 60_000
  /** How long `stop()` waits for a run to end, in milliseconds. Default 10 000. */
  readonly stopLimitMs: number = 10_000
  /** Events that may wait for one listener; beyond that, the listener is dropped. Default 1 000. */
  readonly maxQueued: number = 1_000
  /** The bytes of those events. Default 1 MiB. */
  readonly maxQueuedBytes: number = 1024 * 1024
  /** Listeners per session. Default 16. */
  readonly maxListenersPerSession: number = 16

  /** Called for each run. Returns when the signal aborts, or when there is nothing more to send. */
  abstract run(context: ProcessContext<Events>): unknown
}

brand('isock.Process', Process)

/** A process with any events. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every subclass's events
export type AnyProcess = Process<any>

/** A Process class with any constructor. */
export type ProcessClass<P extends AnyProcess = AnyProcess> = (abstract new (
  // biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every subclass's constructor
  ...args: any[]
) => P) &
  Pick<typeof Process, 'processName' | 'description' | 'errors' | 'classes'>

/** The events of a Process class, by name. */
export type EventsOf<C extends ProcessClass> = C extends abstract new (
  // biome-ignore lint/suspicious/noExplicitAny: in a conditional type, `any` is what matches every constructor
  ...args: any[]
) => Process<infer Events>
  ? Events
  : never

/** A received event: its name and data. */
export type ProcessEvent<Events extends object = Record<string, unknown>> = {
  [E in keyof Events & string]: { readonly event: E; readonly data: Events[E] }
}[keyof Events & string]

/** The process name of a class. Throws ClientError (`INVALID_OPTION`) for a minified class name. */
export function processNameOf(Class: ProcessClass): string {
  return requireNameOf(Class, 'processName', invalidUsage)
}

/** Registers its error and value classes, so that they keep their class on the wire. */
export function declareClassesOf(Class: ProcessClass, classes: ClassRegistry): void {
  for (const ErrorClass of Class.errors ?? []) classes.declareError(ErrorClass)
  for (const ValueClass of Class.classes ?? []) classes.declareClass(ValueClass)
}

/**
 *   stopped ──> running <──> restarting        restarting: it threw, or replaces a removed one that still runs,
 *      ↑           │             │and waits for its next start
 *      │           │             │             finished, failed: its listeners got this end; it can be started again
 *      ├─ stopping ┴─────────────┤
 *      ╰── finished, failed <────╯
 */
export type ProcessState = 'stopped' | 'running' | 'restarting' | 'stopping' | 'finished' | 'failed'

/** A process of a server. */
export interface ProcessHandle {
  readonly name: string
  readonly state: ProcessState
  readonly listenerCount: number
  /** Restarts since `start()`. */
  readonly restartCount: number
  /** The last error that the process threw or failed with. */
  readonly lastError: unknown
  /**
   * Starts the process; a no-op while it runs. Listeners that waited since it was stopped get its events.
   *
   * @throws ServerError: `INVALID_USAGE` before the server listens, while it is stopping and after `removeProcess`;
   *   `SHUTTING_DOWN`.
   */
  start(): void
  /**
   * Aborts the signal of the run, and settles when the run has ended. Listeners wait for the next start. Rejects with
   * DeadlineError if the run does not end within `stopLimitMs`.
   */
  stop(): Promise<void>
}
