// Keeps a client registered. The protocol tells nobody that a daemon has come anew; but that one has made another socket,
// which is looked at now and then. One that has forgotten the client sends it no pings: after a silence it is asked.
//
//   watching ──> another socket, or no pings and not in the list ──> registering, with a back-off ──> watching
//                                                         end: at once, from everywhere
import { statSync } from 'node:fs'
import { Backoff } from '../core/base/backoff.ts'
import { type Clock, sleep } from '../core/base/clock.ts'
import type { Logger } from '../core/base/log.ts'
import type { RegisteredAgainData } from './event-types.ts'

type LostReason = RegisteredAgainData['reason']

export interface KeptRegistrationOptions {
  readonly masterSocketPath: string
  /** How often the socket is looked at. */
  readonly lookEveryMs: number
  /** Without a ping for so long, the daemon is asked whether it knows this client. */
  readonly pingSilenceMs: number
  readonly log: Logger
  readonly clock: Clock
  readonly random: () => number
  /** Each ends when the signal says so. */
  register(signal: AbortSignal): Promise<void>
  isKnown(signal: AbortSignal): Promise<boolean>
  onRegisteredAgain(reason: LostReason): void
}

const backoff = { minMs: 100, maxMs: 5_000 }

export class KeptRegistration {
  readonly #options: KeptRegistrationOptions
  #watch: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  #heardAtMs = 0

  constructor(options: KeptRegistrationOptions) {
    this.#options = options
  }

  /** The daemon that was registered at had this socket, by {@link socketAt}. */
  begin(socket: string | undefined): void {
    this.#watch?.stop.abort()
    const stop = new AbortController()
    this.heard()
    // Nothing but the signal ends it.
    this.#watch = { stop, ended: this.#run(socket, stop.signal).catch(() => undefined) }
  }

  /** A ping came: this client is known. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.now()
  }

  /** Settles when nothing is under way any more. */
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
      log.warn({ reason }, 'the daemon does not know this client any more; it registers again')
      socket = await this.#registerAgain(signal)
      log.info({ reason }, 'registered again')
      onRegisteredAgain(reason)
    }
  }

  async #findLoss(socket: string | undefined, signal: AbortSignal): Promise<LostReason | undefined> {
    const { clock, isKnown, log, masterSocketPath, pingSilenceMs } = this.#options
    const now = socketAt(masterSocketPath)
    // Until there is one again, nobody can be asked.
    if (now === undefined) return undefined
    if (now !== socket) return 'restarted'
    if (clock.now() - this.#heardAtMs < pingSilenceMs) return undefined
    this.heard()
    try {
      return (await isKnown(signal)) ? undefined : 'forgotten'
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ error }, 'the daemon is silent, and does not say whether it knows this client')
      return undefined
    }
  }

  /** Gives the socket at which it came about. */
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

/** Which socket is at the path, to be compared: numbers of files are used again, with their times they are not. */
export function socketAt(path: string): string | undefined {
  try {
    const status = statSync(path, { bigint: true })
    if (!status.isSocket()) return undefined
    const { dev, ino, birthtimeNs, mtimeNs } = status
    // Not every file system knows when a file was made.
    return `${dev}:${ino}:${birthtimeNs === 0n ? mtimeNs : birthtimeNs}`
  } catch {
    return undefined
  }
}
