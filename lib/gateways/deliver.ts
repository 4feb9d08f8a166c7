// Sends answers to clients that do not read, or whose request is still arriving.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../core/base/clock.ts'
import { ReaderWatch } from '../features/web/least-rate.ts'
import { type Answer, answerSize, sendAnswer } from './answer.ts'

/** How long the rest of a refused request is read, so that its client gets to read the answer. */
const lingerMs = 1_000
const maxLingerBytes = 1024 * 1024

/** Sends the answer. Disconnects a client that does not read it. */
export function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  { clock, maxStallMs }: { readonly clock: Clock; readonly maxStallMs: number },
): void {
  if (response.destroyed || response.headersSent) return
  const reader = new ReaderWatch(clock, maxStallMs, () => response.destroy())
  reader.add(answerSize(answer))
  response.once('close', () => reader.stop())
  if (request.complete || !hasBody(request)) sendAnswer(response, answer)
  else deliverEarly(request, response, answer, clock)
}

/**
 * Begins once the response has its connection. A response queued behind another one is not notified when the
 * connection ends.
 */
export function whenConnected(response: ServerResponse, begin: () => void): void {
  if (response.socket === null) response.once('socket', () => begin())
  else begin()
}

/** Settles when the response has ended, sent or not. */
export function closeOf(response: ServerResponse): Promise<void> {
  return response.closed ? Promise.resolve() : new Promise((resolve) => response.once('close', () => resolve()))
}

/**
 * Answers before the request has arrived completely. The answer is sent immediately and the connection closed a little later:
 * closing a socket with unread bytes resets the connection, and the answer would be lost.
 */
function deliverEarly(request: IncomingMessage, response: ServerResponse, answer: Answer, clock: Clock): void {
  const { status, headers, body } = answer
  sendAnswer(response, { status, headers: { ...headers, connection: 'close' }, body }, 'open')
  let left = maxLingerBytes
  const end = (): void => {
    timer.cancel()
    request.off('data', onData).off('end', end).off('close', end)
    request.pause()
    if (!response.writableEnded) response.end()
  }
  const onData = (chunk: Uint8Array): void => {
    left -= chunk.length
    if (left < 0) end()
  }
  const timer = clock.setTimer(end, lingerMs)
  request.on('data', onData).on('end', end).on('close', end)
  request.resume()
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
