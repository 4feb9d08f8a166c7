// Keeps a client registered. The protocol does not announce that a daemon has restarted, but a restarted daemon has created
// a new socket, so the client checks the socket regularly. A daemon that has forgotten the client sends no pings, so the
// client asks after a silence.
//
//   watching ──> another socket, or no pings and not in the list ──> registering, with backoff ──> watching
//                                                         end: immediately, from any state
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
  /** Both end when the signal aborts. */
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

  /** `socket`: the socket of the daemon at which the client registered, by {@link socketAt}. */
  begin(socket: string | undefined): void {
    this.#watch?.stop.abort()
    const stop = new AbortController()
    this.heard()
    // It ends only by its signal.
    this.#watch = { stop, ended: this.#run(socket, stop.signal).catch(() => undefined) }
  }

  /** Called for a ping: the daemon knows this client. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.now()
  }

  /** Settles when nothing runs any more. */
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

/** Identifies the socket at the path. Inode numbers are reused, but not together with their times. */
export function socketAt(path: string): string | undefined {
  try {
    const status = statSync(path, { bigint: true })
    if (!status.isSocket()) return undefined
    const { dev, ino, birthtimeNs, mtimeNs } = status
    // Some file systems do not record the creation time of a file.
    return `${dev}:${ino}:${birthtimeNs === 0n ? mtimeNs : birthtimeNs}`
  } catch {
    return undefined
  }
}
