// Sends one document to one Unix socket: connects, writes, closes. Distinguishes a busy peer, a missing one and one
// that takes too long. Leaves retries to others.
import { connect } from 'node:net'
import type { Clock } from '../core/base/clock.ts'
import { followSignal } from '../core/base/followed-signals.ts'

/** `busy`: its queue of connections is full. `gone`: nothing listens there. `stuck`: it does not read. */
export type DeliveryOutcome = 'delivered' | 'busy' | 'gone' | 'stuck' | 'aborted'

export interface DeliveryOptions {
  readonly clock: Clock
  /** From connecting to the last byte accepted. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Never rejects. */
export function deliver(path: string, document: Buffer, options: DeliveryOptions): Promise<DeliveryOutcome> {
  const { clock, timeoutMs, signal } = options
  return new Promise((resolve) => {
    if (signal.aborted) return resolve('aborted')
    const socket = connect({ path })
    const settle = (outcome: DeliveryOutcome): void => {
      timer.cancel()
      unfollow()
      socket.destroy()
      resolve(outcome)
    }
    const timer = clock.setTimer(() => settle('stuck'), timeoutMs)
    const unfollow = followSignal(signal, () => settle('aborted'))
    socket.on('error', (error: NodeJS.ErrnoException) => settle(isBusy(error) ? 'busy' : 'gone'))
    socket.resume()
    // The kernel keeps written data for the reader, so there is no need to wait until the reader closes.
    socket.end(document, () => settle('delivered'))
  })
}

/** A Unix socket with a full queue refuses connections immediately. Too many open files are our fault, not the peer's. */
function isBusy({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOBUFS'
}
