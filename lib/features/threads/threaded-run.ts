// One run of an action in a thread, seen from its server: passes items, log lines and the abort on. If the call has not begun
// when it is aborted, its thread drops it; a handler that does not end after an abort is terminated with its thread.
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

/** How long an aborted handler has to end, before its thread is terminated. */
export const killAfterMs = 250
/** How long a thread has to drop a call that has not begun: it may be starting, or loading a module. */
const dropAfterMs = 10_000

/** Where a thread finds the action. */
export type ThreadedAction = Pick<ThreadTask, 'module' | 'loader' | 'className' | 'name' | 'limits'>

export interface ThreadedRunOptions {
  readonly pool: ThreadPool
  readonly codec: ValueCodec
  readonly clock: Clock
  /** How long a thread may stall for its reader while others wait for a thread. */
  readonly maxStallMs: number
  /** The account that a session's calls count for while they wait. */
  readonly holdersOf: (sessionId: string) => readonly object[] | undefined
}

/** Runs the action; returns its encoded result, throws what it threw. */
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
  /** The reason of its abort. */
  #aborted: { readonly reason: unknown } | undefined
  /** The same, if its reader was too slow. */
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
    const unfollow = followSignal(signal, () => this.#abort(signal.reason))
    try {
      return this.#read(await this.#runInThread(toSent(data)))
    } finally {
      unfollow()
      this.#readLast()
      this.#port.close()
      this.#stall.close()
      this.#grace?.cancel()
    }
  }

  async #runInThread(data: SentPayload): Promise<ThreadResult> {
    const { callId, attempt, metadata, session, remainingMs } = this.#context
    const call = {
      callId,
      attempt,
      metadata,
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
      if (this.#aborted !== undefined) throw this.#aborted.reason
      this.#readLast()
      const { name } = this.#action
      const message = `action "${name}": its thread ended before it did (${wordsOf(error)})`
      const failure = new ServerError(message, { code: 'WORKER_FAILED', cause: error })
      throw this.#hasBegun ? failure : new Refused(failure)
    }
  }

  #read(result: ThreadResult): Encoded {
    // However the handler dealt with it: items are missing.
    if (this.#stalled !== undefined) throw this.#stalled
    if (result.ok) return new Encoded(fromSent(result.value))
    const error = decodeThrown(this.#options.codec, fromSent(result.error))
    // An ActionError whose class only the thread knows.
    if (error instanceof RemoteError && error.isDeclared) markFromOwnThread(error)
    throw result.notStarted ? new Refused(error) : error
  }

  readonly #onStalled = (): void => {
    const { name } = this.#action
    const message = `action "${name}": its reader is too slow, and others wait for its thread; read faster, or raise threads.maxStallMs`
    this.#stalled = new BusyError(message, { notStarted: false })
    this.#abort(this.#stalled)
  }

  #abort(reason: unknown): void {
    if (this.#aborted !== undefined) return
    this.#aborted = { reason }
    this.#send({ kind: 'abort', error: this.#errorOf(reason) })
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
    // It began before the abort reached the thread.
    if (this.#aborted !== undefined) this.#setGrace()
  }

  /** The end came over piscina's port, and may have overtaken earlier messages of the thread: its start, its log. */
  #readLast(): void {
    for (let last = receiveMessageOnPort(this.#port); last !== undefined; last = receiveMessageOnPort(this.#port)) {
      this.#onMessage(last.message as ThreadMessage)
    }
  }

  async #passOn(item: SentPayload): Promise<void> {
    const payload = fromSent(item)
    try {
      await this.#stall.during(this.#context.emit(new Encoded(payload)), itemCost(payload))
      this.#send({ kind: 'taken' })
    } catch (error) {
      this.#send({ kind: 'refused', error: this.#errorOf(error) })
    }
  }

  #send(message: ServerMessage): void {
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

/** An identity may hold anything: guards make it. */
function clonedOrNone(identity: unknown): unknown {
  try {
    return structuredClone(identity)
  } catch {
    return undefined
  }
}

/** Node copies what a thread threw, and the copy may lose its class. */
function wordsOf(error: unknown): string {
  const message: unknown = (error as { readonly message?: unknown } | null)?.message
  return typeof message === 'string' ? message : inspect(error, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}
