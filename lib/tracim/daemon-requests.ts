// A client's requests to the daemon: sends events, and matches the answers among the events that arrive.
import { type Clock, sleep } from '../core/base/clock.ts'
import { deferred } from '../core/base/deferred.ts'
import { ClientError } from '../core/base/errors.ts'
import { followSignal } from '../core/base/followed-signals.ts'
import { type DaemonEvent, formatEvent } from './daemon-event.ts'
import { deliver } from './delivery.ts'

const retryMs = 10

export interface DaemonRequestsOptions {
  readonly masterSocketPath: string
  readonly clientSocketPath: string
  readonly answerTimeoutMs: number
  readonly clock: Clock
}

interface Question {
  isAnswer(event: DaemonEvent): boolean
  answer(event: DaemonEvent): void
}

export class DaemonRequests {
  readonly #options: DaemonRequestsOptions
  readonly #closing = new AbortController()
  /** In the order of the requests, because the protocol has no numbers. */
  readonly #questions = new Set<Question>()

  constructor(options: DaemonRequestsOptions) {
    this.#options = options
  }

  /** Settles when the daemon's socket has accepted it. @throws ClientError: `UNREACHABLE`, `CLOSED` */
  async send(
    type: string,
    data: unknown,
    to: string = this.#options.masterSocketPath,
    signal: AbortSignal = this.#closing.signal,
  ): Promise<void> {
    const { clock, answerTimeoutMs: timeoutMs, clientSocketPath: path } = this.#options
    const document = formatEvent({ type, path, data })
    const endMs = clock.now() + timeoutMs
    for (;;) {
      const outcome = await deliver(to, document, { clock, timeoutMs, signal })
      if (outcome === 'delivered') return
      if (outcome === 'aborted') throw closed()
      if (outcome !== 'busy' || clock.now() + retryMs > endMs) {
        const why = outcome === 'gone' ? 'nothing listens there; start the daemon' : 'it does not accept connections'
        throw new ClientError(`cannot send ${type} to unix:${to}: ${why}`, { code: 'UNREACHABLE', notStarted: true })
      }
      await sleep(clock, retryMs, signal).catch(() => undefined)
    }
  }

  /**
   * Sends a request, and returns the first event that answers it. The caller's signal replaces this object's, and must
   * abort before that one.
   *
   * @throws ClientError: `UNREACHABLE`, `NO_RESPONSE`, `CLOSED`
   */
  async ask(
    type: string,
    data: unknown,
    isAnswer: (event: DaemonEvent) => boolean,
    signal: AbortSignal = this.#closing.signal,
  ): Promise<DaemonEvent> {
    const { clock, answerTimeoutMs, masterSocketPath } = this.#options
    const answered = deferred<DaemonEvent>()
    answered.promise.catch(() => undefined) // if sending fails first
    const question = { isAnswer, answer: answered.resolve }
    this.#questions.add(question)
    const unfollow = followSignal(signal, () => answered.reject(closed()))
    const timer = clock.setTimer(() => {
      const why = `unix:${masterSocketPath} did not answer ${type} within ${answerTimeoutMs} ms; see its log`
      answered.reject(new ClientError(why, { code: 'NO_RESPONSE' }))
    }, answerTimeoutMs)
    timer.keepProcessAlive(true)
    try {
      await this.send(type, data, masterSocketPath, signal)
      return await answered.promise
    } finally {
      timer.cancel()
      this.#questions.delete(question)
      unfollow()
    }
  }

  /** Called when an event has arrived: it may answer the oldest open request. */
  receive(event: DaemonEvent): void {
    for (const question of this.#questions) {
      if (!question.isAnswer(event)) continue
      this.#questions.delete(question)
      return question.answer(event)
    }
  }

  /** Ends all requests and deliveries. */
  close(): void {
    this.#closing.abort()
  }
}

function closed(): ClientError {
  return new ClientError('this client is closed', { code: 'CLOSED' })
}
