// Keeps a client registered. The protocol does not announce that a daemon has restarted, but a restarted daemon has made
// another socket, so the client checks the socket regularly. A daemon that has forgotten the client sends no pings: after a
// silence the client asks.
//
//   watching ──> another socket, or no pings and not in the list ──> registering, with a back-off ──> watching
//                                                         end: at once, from everywhere
import { statSync } from 'node:fs'
import { Backoff } from '../core/base/backoff.ts'
import { type Clock, sleep } from '../core/base/clock.ts'
import type { Logger } from '../core/base/log.ts'
import type { RegisteredAgainData } from './event-types.ts'

type LostReason = RegisteredAgainData['reason']

export interface RegistrationOptions {
  readonly masterSocketPath: string
  /** How often the socket is checked. */
  readonly lookEveryMs: number
  /** After this time without a ping, the client asks the daemon whether it is known. */
  readonly pingSilenceMs: number
  readonly log: Logger
  readonly clock: Clock
  readonly random: () => number
  /** Each ends when the signal aborts. */
  register(signal: AbortSignal): Promise<void>
  isKnown(signal: AbortSignal): Promise<boolean>
  onRegisteredAgain(reason: LostReason): void
}

const backoff = { minMs: 100, maxMs: 5_000 }

export class Registration {
  readonly #options: RegistrationOptions
  #watch: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  #heardAtMs = 0

  constructor(options: RegistrationOptions) {
    this.#options = options
  }

  /** `socket`: that of the daemon at which the client registered, by {@link socketAt}. */
  begin(socket: string | undefined): void {
    this.#watch?.stop.abort()
    const stop = new AbortController()
    this.heard()
    // Only the signal ends it.
    this.#watch = { stop, ended: this.#run(socket, stop.signal).catch(() => undefined) }
  }

  /** A ping arrived: the daemon knows this client. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.now()
  }

  /** Settles when nothing is running any more. */
  async end(): Promise<void> {
    this.#watch?.stop.abort()
    await this.#watch?.ended
  }

  async #run(first: string | undefined, signal: AbortSignal): Promise<never> {
    const { clock, lookEveryMs, log, onRegisteredAgain } = this.#options
    for (let socket = first; ; ) {
      await sleep(clock, lookEveryMs, signal)
      const reason = await this.#findLoss(socket, signal)
      if (reason === undefined) continue
      log.warn({ reason }, 'the daemon no longer knows this client; registering again')
      socket = await this.#registerAgain(signal)
      log.info({ reason }, 'registered again')
      onRegisteredAgain(reason)
    }
  }

  async #findLoss(socket: string | undefined, signal: AbortSignal): Promise<LostReason | undefined> {
    const { clock, isKnown, log, masterSocketPath, pingSilenceMs } = this.#options
    const now = socketAt(masterSocketPath)
    // Without a socket there is no daemon to ask.
    if (now === undefined) return undefined
    if (now !== socket) return 'restarted'
    if (clock.now() - this.#heardAtMs < pingSilenceMs) return undefined
    this.heard()
    try {
      return (await isKnown(signal)) ? undefined : 'forgotten'
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ error }, 'the daemon is silent, and did not answer whether it knows this client')
      return undefined
    }
  }

  /** Returns the socket of the daemon that answered. */
  async #registerAgain(signal: AbortSignal): Promise<string> {
    const { clock, log, masterSocketPath, random, register } = this.#options
    for (let wait = new Backoff(backoff, random); ; wait = wait.next()) {
      const socket = socketAt(masterSocketPath)
      try {
        if (socket !== undefined) {
          await register(signal)
          this.heard()
          return socket
        }
      } catch (error) {
        signal.throwIfAborted()
        log.debug({ error }, 'not registered yet')
      }
      await sleep(clock, wait.durationMs, signal)
    }
  }
}

/** Identifies the socket at the path. Inode numbers are reused; together with their times they are not. */
export function socketAt(path: string): string | undefined {
  try {
    const status = statSync(path, { bigint: true })
    if (!status.isSocket()) return undefined
    const { dev, ino, birthtimeNs, mtimeNs } = status
    // Some file systems do not record when a file was made.
    return `${dev}:${ino}:${birthtimeNs === 0n ? mtimeNs : birthtimeNs}`
  } catch {
    return undefined
  }
}
