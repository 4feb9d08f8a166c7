// Bodies of requests that nobody reads, or that hardly move: their connections are closed. Whatever makes progress may take
// its time, however large it is. What reads a body has a narrower bound of its own, and an answer for it.
import type { IncomingMessage } from 'node:http'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { patienceMs } from '../../core/base/patience.ts'

/** Standing still is forgiven for this long in all: as long as Node gives a whole request. */
const stallMs = 300_000

export class SlowBodies {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Until the body has come. Costs nothing where there is none. */
  watch(request: IncomingMessage): void {
    const { headers, socket } = request
    if (headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0)) return
    const clock = this.#clock
    const startedAtMs = clock.now()
    const before = socket.bytesRead
    let timer: Timer
    const look = (): void => {
      if (request.complete || socket.destroyed) return
      const leftMs = patienceMs(socket.bytesRead - before, stallMs) - (clock.now() - startedAtMs)
      if (leftMs > 0) timer = clock.setTimer(look, leftMs)
      else socket.destroy()
    }
    timer = clock.setTimer(look, stallMs)
    request.once('end', () => timer.cancel()).once('close', () => timer.cancel())
  }
}
