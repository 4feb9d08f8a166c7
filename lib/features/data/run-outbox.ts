// What a transactional run publishes: messages of durable channels are written in the transaction of its effect, and delivered after the
// commit; others are sent after the commit, at most once.
import { randomBytes } from 'node:crypto'
import type { Outbox } from '../../core/action/outbox.ts'
import { ServerError, UnsendableError } from '../../core/base/errors.ts'
import type { LoggedMessage, OutgoingMessage } from '../../core/server/message-logs.ts'
import { payloadSize } from '../../core/wire/bytes/payload.ts'
import type { Run } from './durable/durable-store.ts'
import type { SharedLogs } from './message-logs.ts'

const maxMessages = 1_024
const maxBytes = 4 * 1024 * 1024

export class RunOutbox implements Outbox {
  readonly #logs: SharedLogs
  readonly #messages: OutgoingMessage[] = []
  readonly #sends: (() => void)[] = []
  #bytes = 0
  #isOver = false
  #written: readonly LoggedMessage[] = []

  constructor(logs: SharedLogs) {
    this.#logs = logs
  }

  get hasMessages(): boolean {
    return this.#messages.length > 0
  }

  add(message: OutgoingMessage): void {
    this.#count(payloadSize(message.item))
    this.#messages.push(message)
  }

  afterCommit(send: () => void, bytes: number): void {
    this.#count(bytes)
    this.#sends.push(send)
  }

  /** The run has ended: it publishes no more. */
  end(): void {
    this.#isOver = true
  }

  async write(run: Run): Promise<void> {
    if (this.#messages.length === 0) return
    const logs = await this.#logs.opened()
    this.#written = await logs.write(run, this.#messages, randomBytes(9).toString('base64url'))
  }

  /** Never throws. */
  committed(): void {
    if (this.#written.length > 0) void this.#logs.opened().then((logs) => logs.committed(this.#written))
    for (const send of this.#sends.splice(0)) send()
  }

  #count(bytes: number): void {
    if (this.#isOver)
      throw new ServerError('publish: the action has ended; await every publish', { code: 'INVALID_USAGE' })
    this.#bytes += bytes
    if (this.#messages.length + this.#sends.length < maxMessages && this.#bytes <= maxBytes) return
    throw new UnsendableError(
      'a message',
      `the messages of a transactional action leave with its commit, and these are more than ${maxMessages}, or have more than ${maxBytes} bytes`,
      { code: 'TOO_LARGE' },
    )
  }
}
