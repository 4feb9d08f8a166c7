// Closes a WebSocket with a code, and terminates it if the peer does not respond.
import type { WebSocket } from 'ws'
import type { Clock } from '../../core/base/clock.ts'

/** The time between asking a peer to close and terminating its socket. */
export const closeTimeoutMs = 1_000

/** Settles when the socket is closed. */
export function closeSocket(
  socket: WebSocket,
  clock: Clock,
  code: number,
  reason: string,
  limitMs: number = closeTimeoutMs,
): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = clock.setTimer(() => socket.terminate(), limitMs)
    timer.keepProcessAlive(true)
    socket.once('close', () => {
      timer.cancel()
      resolve()
    })
    socket.close(code, reason)
  })
}
