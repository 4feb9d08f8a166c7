// Runs actions on the client of a server session. A call that cannot be sent waits in the session for the next link.
import type { Call } from '../action/call.ts'
import { CallStarter } from '../action/call-starter.ts'
import type { Caller } from '../action/context.ts'
import type { CallRouter, PendingCall } from '../action/pending-call.ts'
import type { RunOptions, RunParent } from '../action/run-options.ts'
import type { Clock } from '../base/clock.ts'
import type { Session } from '../session/session.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import type { ValueCodec } from '../wire/value-codec.ts'

export interface SessionCallerOptions {
  readonly clock: Clock
  readonly codec: ValueCodec
  readonly classes: ClassRegistry
  /** How many faults in a row a call survives by default. */
  readonly retry: number
}

export class SessionCaller implements CallRouter {
  readonly clock: Clock
  readonly #core: Session
  readonly #starter: CallStarter

  constructor(core: Session, { clock, codec, classes, retry }: SessionCallerOptions) {
    this.clock = clock
    this.#core = core
    this.#starter = new CallStarter({ codec, classes, clock, router: this, defaults: { retry, timeoutMs: undefined } })
  }

  /** See {@link Caller.runAction}. */
  start(action: unknown, data?: unknown, options?: RunOptions): Call<never, never, never> {
    return this.#starter.start(action, data, options)
  }

  /** A caller whose calls inherit the remaining time and the signal of a run. */
  within(parent: RunParent): Caller {
    const starter = this.#starter
    return {
      runAction: (action: unknown, data?: unknown, options?: RunOptions) =>
        starter.start(action, data, options, parent),
    }
  }

  submit(call: PendingCall): void {
    this.#core.outgoing.submit(call)
  }

  giveUpDelayed(): void {
    // No-op: a server delays no calls.
  }

  retryLater(): boolean {
    return false
  }
}
