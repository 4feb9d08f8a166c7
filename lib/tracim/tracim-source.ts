// Tracim itself as the source of a daemon: one login for live messages and forwarded requests, renewed when it expires.
import { Backoff } from '../core/base/backoff.ts'
import { type Clock, platformClock, sleep } from '../core/base/clock.ts'
import { followSignal } from '../core/base/followed-signals.ts'
import { type Logger, silentLogger } from '../core/base/log.ts'
import { requirePackages } from '../core/base/optional-packages.ts'
import { requirePositive } from '../core/base/options.ts'
import type { EventSource, PassedAnswer, PassedRequest } from './event-source.ts'
import { LiveMessages } from './live-messages.ts'
import { type TracimAccount, TracimSession, type TracimSessionOptions } from './tracim-session.ts'

/** Times in milliseconds, sizes in bytes. */
export interface TracimSourceOptions extends TracimSessionOptions {
  /** The largest live message. Default 4 MiB. */
  readonly maxEventBytes?: number | undefined
  /** Silence after which the stream of live messages is opened again. Default 120 000. */
  readonly silenceMs?: number | undefined
  readonly log?: Logger | undefined
  readonly clock?: Clock | undefined
  /** Randomizes the waits between attempts. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/**
 * The live messages of an account, as a daemon's source.
 *
 * @example
 * const source = new TracimSource({ url: 'https://tracim.example/api', username: 'ada', password })
 */
export class TracimSource implements EventSource {
  readonly #session: TracimSession
  readonly #bounds: { readonly maxEventBytes: number; readonly silenceMs: number }
  readonly #log: Logger
  readonly #clock: Clock
  readonly #random: () => number

  /** @throws ClientError: `INVALID_OPTION` that names the option; `MISSING_PACKAGE` if eventsource is missing. */
  constructor(account: TracimAccount, options: TracimSourceOptions = {}) {
    requirePackages('TracimSource', ['eventsource'])
    this.#session = new TracimSession(account, options)
    this.#bounds = {
      maxEventBytes: requirePositive('maxEventBytes', options.maxEventBytes ?? 4 * 1024 * 1024),
      silenceMs: requirePositive('silenceMs', options.silenceMs ?? 120_000),
    }
    this.#log = options.log ?? silentLogger
    this.#clock = options.clock ?? platformClock
    this.#random = options.random ?? Math.random
  }

  /** Logs in. @throws AuthError, ServerError (`UNREACHABLE`) */
  connect(signal: AbortSignal): Promise<string> {
    return this.#session.login(signal)
  }

  /** The texts of live messages, across lost connections and expired logins, until the signal aborts. */
  async *events(signal: AbortSignal): AsyncGenerator<string> {
    const first = new Backoff({ minMs: 1_000, maxMs: 60_000 }, this.#random)
    let lastEventId: string | undefined
    let backoff = first
    while (!signal.aborted) {
      const [log, clock] = [this.#log, this.#clock]
      const stream = await LiveMessages.open({ login: this.#session, lastEventId, ...this.#bounds, clock, log })
      const unfollow = followSignal(signal, () => stream.close())
      try {
        for (let text = await stream.next(); text !== undefined; text = await stream.next()) {
          backoff = first
          yield text
        }
      } finally {
        unfollow()
        stream.close()
        lastEventId = stream.lastEventId
      }
      if (signal.aborted) return
      log.warn({ status: stream.status }, 'the stream of live messages was refused; trying again')
      await this.#wait(backoff.durationMs, signal)
      backoff = backoff.next()
      await this.#session.login(signal).catch((error: Error) => log.warn({ reason: error.message }, 'cannot log in'))
    }
  }

  /** Forwards a request with this login. */
  request(request: PassedRequest, signal: AbortSignal): Promise<PassedAnswer> {
    return this.#session.request(request, signal)
  }

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    return sleep(this.#clock, delayMs, signal).catch(() => undefined)
  }
}
