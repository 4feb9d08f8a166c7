// The Context of a run in a thread. What lives in the server's own thread (the session's state, channels, calls to the
// client) is out of reach here: reading it throws.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Caller, Context, Identity, ServerView, SessionView } from '../../core/action/context.ts'
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

interface Untaken {
  resolve(): void
  reject(error: unknown): void
}

export class ThreadContext implements Context<unknown> {
  readonly callId: number
  readonly actionName: string
  readonly attempt: number
  readonly session: SessionView
  readonly log: Logger
  readonly #task: ThreadTask
  readonly #codec: StandardCodec
  readonly #rules: ValueRules
  readonly #items: StandardSchemaV1 | undefined
  /** Settles when the items up to now are checked. */
  #checked: Promise<void> | undefined
  #checking = 0
  readonly #abort = new AbortController()
  readonly #endAtMs: number
  /** Oldest first; the server answers in order. */
  readonly #untaken: Untaken[] = []
  #isOver = false
  readonly #whenAnswered: (() => void)[] = []

  /** Notifies the server that the run has begun. */
  constructor(task: ThreadTask, codec: StandardCodec, rules: ValueRules, items: StandardSchemaV1 | undefined) {
    this.#task = task
    this.#codec = codec
    this.#rules = rules
    this.#items = items
    this.callId = task.call.callId
    this.actionName = task.name
    this.attempt = task.call.attempt
    this.session = new ThreadSession(task.call)
    this.log = {
      debug: (fields, message) => this.#write('debug', fields, message),
      info: (fields, message) => this.#write('info', fields, message),
      warn: (fields, message) => this.#write('warn', fields, message),
      error: (fields, message) => this.#write('error', fields, message),
    }
    this.#endAtMs = monotonicNow() + task.call.remainingMs
    task.port.on('message', this.#onMessage)
    this.#send({ kind: 'begun' })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get remainingMs(): number {
    return Math.max(0, this.#endAtMs - monotonicNow())
  }

  get deadline(): Date | undefined {
    const left = this.remainingMs
    return left === Number.POSITIVE_INFINITY ? undefined : new Date(Date.now() + left)
  }

  get server(): ServerView {
    throw unreachable('context.server')
  }

  get db(): Context['db'] {
    throw unreachable('context.db')
  }

  get publish(): ServerView['publish'] {
    throw unreachable('context.publish')
  }

  get client(): Caller {
    throw unreachable('context.client')
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
    await new Promise<void>((resolve, reject) => this.#untaken.push({ resolve, reject }))
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

  /** Log fields: one that cannot be cloned must not fail the run. */
  #write(level: LogLevel, fields: object, message: string): void {
    try {
      this.#send({ kind: 'log', level, fields, message })
    } catch {
      this.#send({ kind: 'log', level, fields: { fields: String(fields) }, message })
    }
  }

  #send(message: ThreadMessage): void {
    this.#task.port.postMessage(message)
  }
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
