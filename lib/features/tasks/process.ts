// Process: work that runs as long as the server and sends events to its listeners. Both sides may import the class: the
// client reads its name, its event types and its error classes from it.
import type { BackoffOptions } from '../../core/base/backoff.ts'
import { brand } from '../../core/base/brand.ts'
import { requireNameOf } from '../../core/base/class-name.ts'
import { invalidUsage } from '../../core/base/errors.ts'
import type { OptionTable } from '../../core/base/option-table.ts'
import type { AnyClass, ClassRegistry, ErrorClass } from '../../core/wire/rich/class-registry.ts'
import type { TaskContext } from './task.ts'

/** The listeners that an event is for. */
export interface SendOptions {
  /** The id of a session, or several; default: all listeners. */
  readonly to?: string | readonly string[] | undefined
}

/** Undefined would send an event for some listeners to all of them. */
export const sendOptions: OptionTable<SendOptions> = { to: 'protects' }

/** Sends the events of one run of a process. `Events` maps the names of events to their data. */
export interface ProcessOutput<in Events extends object = Record<string, unknown>> {
  /** Listeners of all clients, as of now. */
  readonly listenerCount: number
  /**
   * Sends an event to all clients that listen, or to some. Never waits: each listener has its own queue. Returns the
   * number of listeners that it goes to.
   *
   * @throws ServerError (`UNKNOWN_SESSION`, `CLOSED`), UnsendableError (also `TOO_LARGE`); the signal's reason once the
   *   process was stopped.
   */
  send<E extends keyof Events & string>(event: E, data: Events[E], options?: SendOptions): number
  /** Ends the process as failed: every listener gets this error, later ones too. It is not restarted. */
  fail(error: unknown): void
  /** Ends the process: every listener's stream ends, later ones too. */
  finish(): void
}

/** What a run of a process sees. */
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
  /** Its name when `addProcess` gets none, and for clients that name the class. Default: the class's name. */
  static processName?: string
  /** What it does, in a line: shown by `isock ls`. */
  static description?: string
  /** Error classes that arrive at listeners as themselves. */
  static errors?: readonly ErrorClass[]
  /** Other classes whose instances travel as themselves in its events. */
  static classes?: readonly AnyClass[]

  /** Type-only; never set at run time. */
  declare readonly eventsType?: Events

  /** Starts with the server, and when it is added to one that serves. Default true. */
  readonly startsWithServer: boolean = true
  /** Restarts in a row after it threw; then it has failed. Default 5. */
  readonly maxRestarts: number = 5
  /** How long to wait before a restart, in milliseconds. Default: 1 000, doubling to 30 000. */
  readonly restartBackoff: BackoffOptions = { minMs: 1_000, maxMs: 30_000 }
  /** A run of at least this many milliseconds resets the count of restarts. Default 60 000. */
  readonly healthyAfterMs: number = 60_000
  /** How long `stop()` waits for a run to end, in milliseconds. Default 10 000. */
  readonly stopLimitMs: number = 10_000
  /** Events that may wait for one listener; above it the listener is dropped. Default 1 000. */
  readonly maxQueued: number = 1_000
  /** Bytes of them. Default 1 MiB. */
  readonly maxQueuedBytes: number = 1024 * 1024
  /** Listeners of one client's session. Default 16. */
  readonly maxListenersPerSession: number = 16

  /** Runs on the server, until its signal aborts or it has nothing more to send. */
  abstract run(context: ProcessContext<Events>): unknown
}

brand('isock.Process', Process)

/** Any process, whatever its events. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every subclass's events
export type AnyProcess = Process<any>

/** A reference to a class of processes, whatever its constructor takes. */
export type ProcessClass<P extends AnyProcess = AnyProcess> = (abstract new (
  // biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every subclass's constructor
  ...args: any[]
) => P) &
  Pick<typeof Process, 'processName' | 'description' | 'errors' | 'classes'>

/** The events of a class of processes, by name. */
export type EventsOf<C extends ProcessClass> = C extends abstract new (
  // biome-ignore lint/suspicious/noExplicitAny: in a conditional type, `any` is what matches every constructor
  ...args: any[]
) => Process<infer Events>
  ? Events
  : never

/** One event as it arrives: its name and data. */
export type ProcessEvent<Events extends object = Record<string, unknown>> = {
  [E in keyof Events & string]: { readonly event: E; readonly data: Events[E] }
}[keyof Events & string]

/** The name under which a class of processes is listened to. Throws ClientError (`INVALID_OPTION`) for one that a minifier gave. */
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

/** A process of a server, as the server's owner sees it. */
export interface ProcessHandle {
  readonly name: string
  readonly state: ProcessState
  readonly listenerCount: number
  /** Starts after one that threw, since `start()`. */
  readonly restartCount: number
  /** What it threw, or failed with, last. */
  readonly lastError: unknown
  /**
   * Starts it; a no-op while it runs. Listeners that waited since it was stopped get its events.
   *
   * @throws ServerError: `INVALID_USAGE` before the server listens, while it is stopping and after `removeProcess`;
   *   `SHUTTING_DOWN`.
   */
  start(): void
  /** Aborts its signal, and settles when it has ended. Its listeners wait for its next start. Rejects with DeadlineError if it keeps running. */
  stop(): Promise<void>
}
