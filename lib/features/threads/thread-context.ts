// The Context of a run in a thread. What lives in the server's own thread (the session's state, channels, calls to the
// client) is out of reach here: reading it throws.
import type { MessagePort } from 'node:worker_threads'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { BaseContext, type ContextSurroundings } from '../../core/action/base-context.ts'
import type { Identity, SessionView } from '../../core/action/context.ts'
import { type Deferred, deferred } from '../../core/base/deferred.ts'
import { BusyError, ServerError } from '../../core/base/errors.ts'
import type { Logger } from '../../core/base/log.ts'
import { monotonicNow } from '../../core/base/platform-timers.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { Peer } from '../../core/link/link.ts'
import { decodeThrown } from '../../core/wire/rich/error-record.ts'
import type { StandardCodec, ValueRules } from '../../core/wire/value-codec.ts'
import { check } from './checked-value.ts'
import {
  fromSent,
  type LogLevel,
  movable,
  type ServerMessage,
  type ThreadCallView,
  type ThreadMessage,
  type ThreadTask,
  toSent,
} from './thread-messages.ts'

const maxUntaken = 1_024

const nothing = (): void => undefined

export class ThreadContext extends BaseContext {
  readonly #task: ThreadTask
  readonly #codec: StandardCodec
  readonly #rules: ValueRules
  readonly #items: StandardSchemaV1 | undefined
  /** Settles when the items up to now are checked. */
  #checked: Promise<void> | undefined
  #checking = 0
  readonly #abort: AbortController
  /** Oldest first; the server answers in order. */
  readonly #untaken: Deferred<void>[] = []
  #isOver = false
  readonly #whenAnswered: (() => void)[] = []

  /** Notifies the server that the run has begun. */
  constructor(task: ThreadTask, codec: StandardCodec, rules: ValueRules, items: StandardSchemaV1 | undefined) {
    const abort = new AbortController()
    const { callId: seq, attempt, metadata, remainingMs } = task.call
    const deadlineAtMs = monotonicNow() + remainingMs
    super({ seq, name: task.name, attempt, metadata, signal: abort.signal, deadlineAtMs }, new ThreadSurroundings(task))
    this.#abort = abort
    this.#task = task
    this.#codec = codec
    this.#rules = rules
    this.#items = items
    task.port.on('message', this.#onMessage)
    send(task.port, { kind: 'begun' })
  }

  get db(): never {
    throw unreachable('context.db')
  }

  override get publish(): never {
    throw unreachable('context.publish')
  }

  readonly emit = (item: unknown): Promise<void> => unawaited(this.#emitItem(item), this.#onLost)

  async #emitItem(item: unknown): Promise<void> {
    if (this.#isOver) return
    this.signal.throwIfAborted()
    if (this.#untaken.length + this.#checking >= maxUntaken)
      throw new BusyError('too many items wait to be sent: await each emit() before the next', { notStarted: false })
    const ready = this.#items === undefined ? item : await this.#checkedInTurn(item)
    if (this.#isOver) return
    const sent = toSent(this.#codec.encode(ready, 'item', this.#rules))
    // Nobody else uses the payload's bytes, so they are moved.
    this.#task.port.postMessage({ kind: 'item', item: sent } satisfies ThreadMessage, movable(sent))
    const taken = deferred<void>()
    this.#untaken.push(taken)
    await taken.promise
  }

  async #checkedInTurn(item: unknown): Promise<unknown> {
    this.#checking++
    const subject = `item of action "${this.actionName}"`
    const checked = Promise.all([check(this.#items, item, subject, 'INVALID_OUTPUT'), this.#checked])
    this.#checked = checked.then(nothing, nothing)
    try {
      const [{ value }] = await checked
      this.signal.throwIfAborted()
      return value
    } finally {
      this.#checking--
    }
  }

  readonly #onLost = (error: unknown): void => {
    if (!this.signal.aborted) this.log.warn({ error: String(error) }, 'an item could not be sent')
  }

  /** Settles when the server has answered all items. */
  async allTaken(): Promise<void> {
    await this.#checked
    while (this.#untaken.length > 0) await new Promise<void>((resolve) => this.#whenAnswered.push(resolve))
  }

  /** Called when the handler has ended: its items get no more answers. */
  close(): void {
    this.#isOver = true
    for (const { resolve } of this.#untaken.splice(0)) resolve()
    this.#task.port.close()
  }

  readonly #onMessage = (message: ServerMessage): void => {
    if (message.kind === 'abort') {
      const reason = this.#errorIn(message.error)
      this.#abort.abort(reason)
      for (const { reject } of this.#untaken.splice(0)) reject(reason)
    } else {
      const first = this.#untaken.shift()
      if (message.kind === 'taken') first?.resolve()
      else first?.reject(this.#errorIn(message.error))
    }
    for (const resolve of this.#whenAnswered.splice(0)) resolve()
  }

  #errorIn(error: ThreadTask['data']): unknown {
    return decodeThrown(this.#codec, fromSent(error))
  }
}

class ThreadSurroundings implements ContextSurroundings {
  readonly session: SessionView
  readonly log: Logger

  constructor({ call, port }: ThreadTask) {
    this.session = new ThreadSession(call)
    this.log = {
      debug: (fields, message) => write(port, 'debug', fields, message),
      info: (fields, message) => write(port, 'info', fields, message),
      warn: (fields, message) => write(port, 'warn', fields, message),
      error: (fields, message) => write(port, 'error', fields, message),
    }
  }

  get server(): never {
    throw unreachable('context.server')
  }

  callerFor(): never {
    throw unreachable('context.client')
  }

  nowMs(): number {
    return monotonicNow()
  }
}

/** Log fields: one that cannot be cloned must not fail the run. */
function write(port: MessagePort, level: LogLevel, fields: object, message: string): void {
  try {
    send(port, { kind: 'log', level, fields, message })
  } catch {
    send(port, { kind: 'log', level, fields: { fields: String(fields) }, message })
  }
}

function send(port: MessagePort, message: ThreadMessage): void {
  port.postMessage(message)
}

class ThreadSession implements SessionView {
  readonly id: string
  readonly name: string | undefined
  readonly identity: Identity | undefined

  constructor(call: ThreadCallView) {
    this.id = call.sessionId
    this.name = call.sessionName
    this.identity = call.identity as Identity | undefined
  }

  get peer(): Peer | undefined {
    throw unreachable('context.session.peer')
  }

  get isConnected(): boolean {
    throw unreachable('context.session.isConnected')
  }

  get state(): Map<string, unknown> {
    throw unreachable('context.session.state')
  }

  end(): never {
    throw unreachable('context.session.end')
  }
}

function unreachable(what: string): ServerError {
  const message = `${what} is out of reach in a thread; pass what the action needs as data, or remove static threaded`
  return new ServerError(message, { code: 'INVALID_USAGE' })
}
