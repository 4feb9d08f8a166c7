// The callers of `connect()`, which wait for the connection rather than for a call. Counts the faults of each.
import { type Deferred, deferred } from '../base/deferred.ts'
import { ClientError, type IsockError } from '../base/errors.ts'
import { spendRetry, type Tries } from '../session/retry-policy.ts'

interface Waiter extends Tries {
  readonly connected: Deferred<void>
}

export class ConnectWaiters {
  #waiters: Waiter[] = []

  get isEmpty(): boolean {
    return this.#waiters.length === 0
  }

  /** Settles when connected. Rejects when the retries are used up, or the server rejects this client. */
  wait(retries: number): Promise<void> {
    const connected = deferred<void>()
    this.#waiters.push({ retries, faults: 0, connected })
    return connected.promise
  }

  countFault(error: IsockError): void {
    const [left, spent]: [Waiter[], Waiter[]] = [[], []]
    for (const waiter of this.#waiters) (spendRetry(waiter) ? left : spent).push(waiter)
    this.#waiters = left
    const options = { code: 'UNREACHABLE', cause: error, notStarted: true } as const
    const failure = new ClientError(`cannot connect: ${error.message}`, options)
    for (const waiter of spent) waiter.connected.reject(failure)
  }

  resolveAll(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.connected.resolve()
  }

  rejectAll(error: IsockError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.connected.reject(error)
  }
}
