// One run of an action in a thread, seen from its server: passes items, log lines and the abort on. A call that has not
// begun when it is aborted is dropped by its thread; a handler that does not end when it is told to is ended with its thread.
import { inspect } from 'node:util'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Context } from '../../core/action/context.ts'
import { InputItems } from '../../core/action/input-items.ts'
import { Refused } from '../../core/action/refused.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { BusyError, RemoteError, ServerError } from '../../core/base/errors.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import { itemCost } from '../../core/session/outbound-stream.ts'
import { Encoded } from '../../core/wire/bytes/encoded.ts'
import type { Payload } from '../../core/wire/bytes/payload.ts'
import { encodeThrown } from '../../core/wire/encode-thrown.ts'
import { markFromOwnThread } from '../../core/wire/rich/discreet-error.ts'
import { decodeThrown } from '../../core/wire/rich/error-record.ts'
import type { ValueCodec } from '../../core/wire/value-codec.ts'
import { StallWatch } from './stall-watch.ts'
import {
  fromSent,
  movable,
  type SentPayload,
  type ServerMessage,
  type ThreadMessage,
  type ThreadResult,
  type ThreadTask,
  toSent,
} from './thread-messages.ts'
import type { ThreadPool } from './thread-pool.ts'

/** What a handler gets to end in after it was told to, before its thread is ended. */
export const killAfterMs = 250
/** What a thread gets to drop a call in that has not begun: it may be starting, or load a module. */
const dropAfterMs = 10_000

/** Where an action is found by a thread. */
export type ThreadedAction = Pick<ThreadTask, 'module' | 'loader' | 'className' | 'name' | 'limits'>

export interface ThreadedRunOptions {
  readonly pool: ThreadPool
  readonly codec: ValueCodec
  readonly clock: Clock
  /** How long a thread may stand still for its reader while others wait for one. */
  readonly maxStallMs: number
  /** Whom a session's calls count for while they wait. */
  readonly holdersOf: (sessionId: string) => readonly object[] | undefined
}

/** Runs the action; gives its encoded result, throws what it threw. */
export async function runInThread(
  action: ThreadedAction,
  data: Payload | InputItems,
  context: Context<unknown>,
  options: ThreadedRunOptions,
): Promise<Encoded> {
  if (data instanceof InputItems) throw new Refused(noStream(action.name))
  let hasTurn = false
  try {
    const run = (): Promise<Encoded> => {
      hasTurn = true
      return new ThreadedRun(action, context, options).run(data)
    }
    return await options.pool.whenFree(context.signal, run, options.holdersOf(context.session.id))
  } catch (error) {
    throw hasTurn ? error : new Refused(error)
  }
}

class ThreadedRun {
  readonly #action: ThreadedAction
  readonly #context: Context<unknown>
  readonly #options: ThreadedRunOptions
  readonly #kill = new AbortController()
  readonly #port: MessagePort
  readonly #farPort: MessagePort
  readonly #stall: StallWatch
  #hasBegun = false
  /** Why it was told to end. */
  #told: { readonly reason: unknown } | undefined
  /** That, where it was its reader. */
  #stalled: BusyError | undefined
  #grace: Timer | undefined

  constructor(action: ThreadedAction, context: Context<unknown>, options: ThreadedRunOptions) {
    this.#action = action
    this.#context = context
    this.#options = options
    const { clock, pool, maxStallMs } = options
    this.#stall = new StallWatch({
      clock,
      maxStallMs,
      isWanted: () => pool.waitingCount > 0,
      onStalled: this.#onStalled,
    })
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#farPort = port2
    port1.on('message', this.#onMessage)
    port1.unref()
  }

  async run(data: Payload): Promise<Encoded> {
    const { signal } = this.#context
    const unfollow = followSignal(signal, () => this.#tellToEnd(signal.reason))
    try {
      return this.#read(await this.#send(toSent(data)))
    } finally {
      unfollow()
      this.#readLast()
      this.#port.close()
      this.#stall.close()
      this.#grace?.cancel()
    }
  }

  async #send(data: SentPayload): Promise<ThreadResult> {
    const { callId, attempt, session, remainingMs } = this.#context
    const call = {
      callId,
      attempt,
      remainingMs,
      sessionId: session.id,
      sessionName: session.name,
      identity: clonedOrNone(session.identity),
    }
    const port = this.#farPort
    try {
      return await this.#options.pool.run({
        task: { ...this.#action, data, port, call },
        // The data came for this run only.
        move: [port, ...movable(data)],
        kill: this.#kill.signal,
        hasBegun: () => {
          this.#readLast()
          return this.#hasBegun
        },
      })
    } catch (error) {
      if (this.#told !== undefined) throw this.#told.reason
      this.#readLast()
      const { name } = this.#action
      const message = `action "${name}": its thread ended before it did (${wordsOf(error)})`
      const failure = new ServerError(message, { code: 'WORKER_FAILED', cause: error })
      throw this.#hasBegun ? failure : new Refused(failure)
    }
  }

  #read(result: ThreadResult): Encoded {
    // Whatever the handler made of it: items are missing.
    if (this.#stalled !== undefined) throw this.#stalled
    if (result.ok) return new Encoded(fromSent(result.value))
    const error = decodeThrown(this.#options.codec, fromSent(result.error))
    // An ActionError whose class only the thread knows.
    if (error instanceof RemoteError && error.isDeclared) markFromOwnThread(error)
    throw result.notStarted ? new Refused(error) : error
  }

  readonly #onStalled = (): void => {
    const { name } = this.#action
    const message = `action "${name}": its reader does not keep up, and others wait for its thread; read faster, or raise threads.maxStallMs`
    this.#stalled = new BusyError(message, { notStarted: false })
    this.#tellToEnd(this.#stalled)
  }

  #tellToEnd(reason: unknown): void {
    if (this.#told !== undefined) return
    this.#told = { reason }
    this.#tell({ kind: 'abort', error: this.#errorOf(reason) })
    this.#setGrace()
  }

  #setGrace(): void {
    this.#grace?.cancel()
    this.#grace = this.#options.clock.setTimer(() => this.#kill.abort(), this.#hasBegun ? killAfterMs : dropAfterMs)
  }

  readonly #onMessage = (message: ThreadMessage): void => {
    if (message.kind === 'begun') this.#onBegun()
    else if (message.kind === 'log') this.#context.log[message.level](message.fields, message.message)
    else void this.#passOn(message.item)
  }

  #onBegun(): void {
    this.#hasBegun = true
    // It began before the thread had heard of the abort.
    if (this.#told !== undefined) this.#setGrace()
  }

  /** The end came by piscina's port, and may have overtaken what the thread sent before: that it has begun, its log. */
  #readLast(): void {
    for (let last = receiveMessageOnPort(this.#port); last !== undefined; last = receiveMessageOnPort(this.#port)) {
      this.#onMessage(last.message as ThreadMessage)
    }
  }

  async #passOn(item: SentPayload): Promise<void> {
    const payload = fromSent(item)
    try {
      await this.#stall.during(this.#context.emit(new Encoded(payload)), itemCost(payload))
      this.#tell({ kind: 'taken' })
    } catch (error) {
      this.#tell({ kind: 'refused', error: this.#errorOf(error) })
    }
  }

  #tell(message: ServerMessage): void {
    this.#port.postMessage(message)
  }

  #errorOf(error: unknown): SentPayload {
    return toSent(encodeThrown(this.#options.codec, error))
  }
}

function noStream(name: string): ServerError {
  const message = `threaded action "${name}" takes no stream as input; send the data as a value`
  return new ServerError(message, { code: 'BAD_REQUEST', notStarted: true })
}

/** A guard may put anything into an identity. */
function clonedOrNone(identity: unknown): unknown {
  try {
    return structuredClone(identity)
  } catch {
    return undefined
  }
}

/** Node hands over what a thread threw as a copy, whose class may be lost on the way. */
function wordsOf(error: unknown): string {
  const message: unknown = (error as { readonly message?: unknown } | null)?.message
  return typeof message === 'string' ? message : inspect(error, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}
