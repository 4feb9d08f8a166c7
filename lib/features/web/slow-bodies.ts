// Closes connections whose request bodies are not read, or barely make progress. Any other body may take its time, however large
// it is. Readers of bodies have a stricter limit of their own, and respond when it is exceeded.
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../core/base/clock.ts'
import { watchIncoming } from './least-rate.ts'

/** How long a body may stall in total: as long as Node allows for a whole request. */
const stallMs = 300_000

export class SlowBodies {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Watches until the body has arrived. Costs nothing for a request without one. */
  watch(request: IncomingMessage): void {
    const { headers, socket } = request
    if (headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0)) return
    const before = socket.bytesRead
    const stop = watchIncoming(
      this.#clock,
      stallMs,
      () => socket.bytesRead - before,
      () => {
        // A complete body is up to its reader.
        if (!request.complete) socket.destroy()
      },
    )
    request.once('end', stop).once('close', stop)
  }
}
