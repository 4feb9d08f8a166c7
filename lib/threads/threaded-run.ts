// One run of an action in a thread, seen from its server: passes items, log lines and the abort on. A handler that does
// not end when it is told to is ended with its thread.
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Context } from '../action/context.ts'
import { InputItems } from '../action/input-items.ts'
import { Refused } from '../action/refused.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { ServerError } from '../base/errors.ts'
import { Encoded } from '../wire/encoded.ts'
import { decodeThrown, encodeThrown } from '../wire/error-record.ts'
import type { Payload } from '../wire/payload.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
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

/** Where an action is found by a thread. */
export type ThreadedAction = Pick<ThreadTask, 'module' | 'className' | 'name'>

export interface ThreadedRunOptions {
  readonly pool: ThreadPool
  readonly codec: ValueCodec
  readonly clock: Clock
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
    return await options.pool.whenFree(context.signal, () => {
      hasTurn = true
      return new ThreadedRun(action, context, options).run(data)
    })
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
  #hasBegun = false
  #grace: Timer | undefined

  constructor(action: ThreadedAction, context: Context<unknown>, options: ThreadedRunOptions) {
    this.#action = action
    this.#context = context
    this.#options = options
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#farPort = port2
    port1.on('message', this.#onMessage)
    port1.unref()
  }

  async run(data: Payload): Promise<Encoded> {
    const { signal } = this.#context
    signal.addEventListener('abort', this.#onAbort, { once: true })
    try {
      return this.#read(await this.#send(toSent(data)))
    } finally {
      signal.removeEventListener('abort', this.#onAbort)
      this.#grace?.cancel()
      this.#readLast()
      this.#port.close()
    }
  }

  async #send(data: SentPayload): Promise<ThreadResult> {
    const { callId, attempt, session, remainingMs, signal } = this.#context
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
      if (signal.aborted) throw signal.reason
      this.#readLast()
      const { name } = this.#action
      const message = `action "${name}": its thread ended before it did (${error instanceof Error ? error.message : String(error)})`
      const failure = new ServerError(message, { code: 'WORKER_FAILED', cause: error })
      throw this.#hasBegun ? failure : new Refused(failure)
    }
  }

  #read(result: ThreadResult): Encoded {
    if (result.ok) return new Encoded(fromSent(result.value))
    const error = decodeThrown(this.#options.codec, fromSent(result.error))
    throw result.notStarted ? new Refused(error) : error
  }

  readonly #onAbort = (): void => {
    if (!this.#hasBegun) return this.#kill.abort()
    this.#tell({ kind: 'abort', error: this.#errorOf(this.#context.signal.reason) })
    this.#grace = this.#options.clock.setTimer(() => this.#kill.abort(), killAfterMs)
  }

  readonly #onMessage = (message: ThreadMessage): void => {
    if (message.kind === 'begun') this.#hasBegun = true
    else if (message.kind === 'log') this.#context.log[message.level](message.fields, message.message)
    else void this.#passOn(message.item)
  }

  /** The end came by piscina's port, and may have overtaken what the thread sent before: that it has begun, its log. */
  #readLast(): void {
    for (let last = receiveMessageOnPort(this.#port); last !== undefined; last = receiveMessageOnPort(this.#port)) {
      this.#onMessage(last.message as ThreadMessage)
    }
  }

  async #passOn(item: SentPayload): Promise<void> {
    try {
      await this.#context.emit(new Encoded(fromSent(item)))
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
