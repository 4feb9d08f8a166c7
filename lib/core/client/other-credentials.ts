// Calls with credentials of their own, for a program that acts for several users. Each set of credentials has its own session,
// kept for a while after its last call. So guards check it like any other, and all guarantees for calls hold.
import { Call } from '../action/call.ts'
import type { Credential } from '../action/credential.ts'
import type { RunOptions } from '../action/run-options.ts'
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { BusyError, type IsockError } from '../base/errors.ts'
import { neverSent } from '../session/call-errors.ts'
import { encodeFree } from '../wire/frames/free-msgpack.ts'
import type { CloseOptions } from './last-calls.ts'
import { requireCredentials } from './presented.ts'

/** A client with these credentials. */
export interface OtherClient {
  readonly openCallCount: number
  runAction(action: string, data?: unknown, options?: RunOptions): unknown
  close(options: CloseOptions): Promise<void>
}

/** The largest number of sets of credentials for which a client keeps a session. */
export const maxCredentialSets = 256
/** How long an idle session is kept after its last call. */
export const idleMs = 30_000

interface Kept {
  readonly client: OtherClient
  lastUsedMs: number
}

export class OtherCredentials {
  readonly #clock: Clock
  readonly #make: (credentials: readonly Credential[]) => OtherClient
  /** Ordered by last use, oldest first. */
  readonly #kept = new Map<string, Kept>()
  readonly #sweeps: DeadlineSweep

  constructor(clock: Clock, make: (credentials: readonly Credential[]) => OtherClient) {
    this.#clock = clock
    this.#make = make
    this.#sweeps = new DeadlineSweep(clock, this.#closeUnused)
  }

  /** The number of kept sessions. */
  get count(): number {
    return this.#kept.size
  }

  /** Never throws. */
  runAction(action: unknown, data: unknown, { credentials, ...options }: RunOptions): Call<never, never, never> {
    try {
      const client = this.#clientFor(requireCredentials(credentials))
      return client.runAction(action as string, data, options) as Call<never, never, never>
    } catch (error) {
      return Call.failed(neverSent(error as IsockError))
    }
  }

  async close(options: CloseOptions): Promise<void> {
    this.#sweeps.close()
    await Promise.all([...this.#kept.values()].map(({ client }) => client.close(options)))
  }

  #clientFor(credentials: readonly Credential[]): OtherClient {
    const key = encodeFree(credentials.map(({ guard, value }) => [guard, value])).join()
    const nowMs = this.#clock.now()
    let kept = this.#kept.get(key)
    if (kept === undefined) {
      this.#makeRoom()
      kept = { client: this.#make(credentials), lastUsedMs: nowMs }
    }
    kept.lastUsedMs = nowMs
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    this.#sweeps.watch(nowMs + idleMs)
    return kept.client
  }

  #makeRoom(): void {
    if (this.#kept.size < maxCredentialSets) return
    for (const [key, { client }] of this.#kept) if (client.openCallCount === 0) return this.#forget(key, client)
    throw new BusyError(
      `calls with ${maxCredentialSets} sets of credentials are open; wait for some, or use another client`,
    )
  }

  readonly #closeUnused = (nowMs: number): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const [key, { client, lastUsedMs }] of this.#kept) {
      if (client.openCallCount > 0) earliest = Math.min(earliest, nowMs + idleMs)
      else if (nowMs - lastUsedMs < idleMs) earliest = Math.min(earliest, lastUsedMs + idleMs)
      else this.#forget(key, client)
    }
    return earliest
  }

  #forget(key: string, client: OtherClient): void {
    this.#kept.delete(key)
    // No open call can fail.
    client.close({}).catch(() => undefined)
  }
}
